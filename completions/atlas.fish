complete --keep-order --exclusive --command atlas --arguments "(COMPLETE=fish atlas -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
