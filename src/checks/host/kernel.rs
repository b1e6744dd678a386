//! Settings of the kernel that the stores care about.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::store;
use crate::model::bytes;

/// Each connection and each file of a collection is one; MongoDB advises 64000.
const LEAST_FILES: u64 = 8192;
/// What Linux sets by itself.
const LEAST_MAPS: u64 = 65_530;
/// The first MongoDB whose allocator likes huge pages.
const LIKES_HUGE_PAGES: u32 = 8;

pub(super) const OPEN_FILES: Rule = Rule {
    id: "ATLAS-HOST-006",
    title: "containers may open enough files",
    why: "MongoDB needs a file for each connection and each collection, and stops when it may open no more",
    manual: "The limit that containers inherit from the engine (`Max open files` in /proc/PID/limits of dockerd). Below 8192 there is \
             a warning; MongoDB advises 64000. Set `\"default-ulimits\": {\"nofile\": {\"Name\": \"nofile\", \"Soft\": 64000, \"Hard\": 64000}}` \
             in /etc/docker/daemon.json, or `LimitNOFILE=` in the engine's systemd unit, and restart the engine.",
    see: &["https://www.mongodb.com/docs/manual/reference/ulimit/"],
    needs: &[],
    cheap: false,
    judge: open_files,
};

pub(super) const OVERCOMMIT: Rule = Rule {
    id: "ATLAS-HOST-008",
    title: "Redis can save in the background",
    why: "to save, Redis forks; a kernel that will not promise the memory twice refuses, and Redis then refuses writes",
    manual: "`vm.overcommit_memory` 1 always allows it; 2 mostly does not; 0 allows what seems to fit, so there is a problem only while \
             less memory is available than Redis may use. `sysctl -w` sets it until the next start, a file in /etc/sysctl.d for good.",
    see: &[
        "https://redis.io/docs/latest/operate/oss_and_stack/management/admin/",
        "https://github.com/redis/docker-library-redis/issues/346",
    ],
    needs: &[],
    cheap: false,
    judge: overcommit,
};

pub(super) const MAP_COUNT: Rule = Rule {
    id: "ATLAS-HOST-009",
    title: "MongoDB may map enough memory",
    why: "MongoDB's threads and caches need many mappings; where the kernel allows few, it crashes under load",
    manual: "`vm.max_map_count`, which Linux sets to 65530; less than that is a warning. MongoDB advises 128000 for many connections.",
    see: &["https://www.mongodb.com/docs/manual/administration/production-notes/"],
    needs: &[],
    cheap: false,
    judge: map_count,
};

pub(super) const HUGE_PAGES: Rule = Rule {
    id: "ATLAS-HOST-010",
    title: "huge pages are as the stores want them",
    why: "with transparent huge pages MongoDB up to 7 and Redis use far more memory and stall; MongoDB 8 is faster with them",
    manual: "/sys/kernel/mm/transparent_hugepage/enabled. `madvise`, which gives them to those who ask, suits every version. \
             `always` is a warning for MongoDB up to 7 and for Redis; with MongoDB 8 it is what MongoDB advises.",
    see: &["https://www.mongodb.com/docs/manual/administration/tcmalloc-performance/"],
    needs: &[],
    cheap: false,
    judge: huge_pages,
};

fn open_files(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some((mongodb, _)) = store(facts.deployment()?, "mongo") else {
        return Ok(Verdict::Irrelevant);
    };
    let most = *seen(&seen(&facts.host)?.open_files)?;
    if most >= LEAST_FILES {
        return Ok(Verdict::Good(format!("{most} files")));
    }
    let text = format!("a container may open {most} files only");
    let fix = Fix::by_hand(
        "set `\"default-ulimits\": {\"nofile\": {\"Name\": \"nofile\", \"Soft\": 64000, \"Hard\": 64000}}` in /etc/docker/daemon.json, then `sudo systemctl restart docker`",
    );
    let problem = Problem::warning(text, fix).about(mongodb.name.as_str());
    Ok(Verdict::Bad(vec![problem]))
}

fn overcommit(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some((redis, _)) = store(facts.deployment()?, "redis") else {
        return Ok(Verdict::Irrelevant);
    };
    let host = seen(&facts.host)?;
    let setting = *seen(&host.overcommit)?;
    let available = host.memory.as_ref().ok().and_then(|m| m.available);
    let needed = redis.resources.memory;
    let fits = available.is_none_or(|available| available >= needed);
    if setting == 1 || (setting == 0 && fits) {
        let evidence = match (setting, available) {
            (0, Some(available)) => format!(
                "vm.overcommit_memory is 0, and {} are available for a fork of {} at most",
                bytes(available),
                bytes(needed)
            ),
            _ => format!("vm.overcommit_memory is {setting}"),
        };
        return Ok(Verdict::Good(evidence));
    }
    let mut text = format!("vm.overcommit_memory is {setting}");
    if let (0, Some(available)) = (setting, available) {
        text += &format!(
            ", and {} are available for a fork of {} at most",
            bytes(available),
            bytes(needed)
        );
    }
    let problem = Problem::warning(text, sysctl("vm.overcommit_memory", 1));
    Ok(Verdict::Bad(vec![problem.about(redis.name.as_str())]))
}

fn map_count(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some((mongodb, _)) = store(facts.deployment()?, "mongo") else {
        return Ok(Verdict::Irrelevant);
    };
    let most = *seen(&seen(&facts.host)?.map_count)?;
    if most >= LEAST_MAPS {
        return Ok(Verdict::Good(format!("vm.max_map_count is {most}")));
    }
    let text = format!("vm.max_map_count is {most}, less than the kernel's own {LEAST_MAPS}");
    let problem = Problem::warning(text, sysctl("vm.max_map_count", 128_000));
    Ok(Verdict::Bad(vec![problem.about(mongodb.name.as_str())]))
}

fn huge_pages(facts: &Facts) -> Result<Verdict, Unknown> {
    let deployment = facts.deployment()?;
    let mongodb = store(deployment, "mongo");
    let likes = |major: Option<u32>| major.is_some_and(|major| major >= LIKES_HUGE_PAGES);
    let sufferer = match mongodb {
        Some((service, major)) if !likes(major) => Some(service),
        // MongoDB's wish goes before: it is the one that holds much memory.
        Some(_) => return Ok(Verdict::Irrelevant),
        None => store(deployment, "redis").map(|(service, _)| service),
    };
    let Some(sufferer) = sufferer else {
        return Ok(Verdict::Irrelevant);
    };
    let setting = seen(&seen(&facts.host)?.huge_pages)?;
    if setting != "always" {
        return Ok(Verdict::Good(format!("set to `{setting}`")));
    }
    let text = format!("set to `always`, which {} suffers from", sufferer.name);
    let fix = Fix::command(
        "let only those have huge pages who ask for them; `transparent_hugepage=madvise` on the kernel's command line keeps it so",
        "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled",
    );
    let problem = Problem::warning(text, fix).about(sufferer.name.as_str());
    Ok(Verdict::Bad(vec![problem]))
}

fn sysctl(name: &str, value: u64) -> Fix {
    Fix::command(
        format!("set {name} to {value} now and for good"),
        format!(
            "echo '{name} = {value}' | sudo tee /etc/sysctl.d/90-atlas-{}.conf && sudo sysctl -w {name}={value}",
            name.rsplit('.').next().unwrap_or(name)
        ),
    )
}
