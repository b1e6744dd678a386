//! Where the calls to a store run: a thread of their own, so that neither a caller that blocks nor one that is dropped stops them.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::Error;

/// How long the end of a draft or lock may take when nobody waits for it.
const FAREWELL: Duration = Duration::from_secs(20);

/// The thread; ended without waiting when dropped.
#[derive(Debug)]
pub(super) struct Own(Option<Runtime>);

impl Own {
    pub(super) fn start() -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("store")
            .enable_all()
            .build();
        runtime
            .map(|runtime| Self(Some(runtime)))
            .map_err(|error| Error::failed("start", "store", error.to_string()))
    }

    /// Starts a task.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.0
            .as_ref()
            .expect("it is taken only when dropped")
            .spawn(task)
    }

    /// Does a task, and waits for it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.spawn(task)
            .await
            .map_err(|error| Error::failed("run", "store", error.to_string()))?
    }

    /// Does a task while this thread waits: for what ends in `drop`.
    pub(super) fn last(&self, task: impl Future<Output = ()> + Send + 'static) {
        let (done, wait) = std::sync::mpsc::channel();
        self.spawn(async move {
            task.await;
            // Nobody waits any more if it took too long.
            let _ = done.send(());
        });
        let _ = wait.recv_timeout(FAREWELL);
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
