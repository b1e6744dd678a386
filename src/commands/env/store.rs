//! A password where it is kept: in the running MongoDB or Redis. Owns changing it there and asking whether it is the right one.

use crate::app::App;
use crate::backup::reach;
use crate::backup::source::{self, Held, Mongo};
use crate::cli::Selection;
use crate::engines::Engine;
use crate::engines::docker::{Command, DockerEngine};
use crate::error::Error;
use crate::input::Inputs;
use crate::model::Secret;

/// A store that runs.
pub(super) struct Store {
    engine: DockerEngine,
    kind: Kind,
}

enum Kind {
    Mongodb { held: Held, user: String },
    Redis(Held),
}

impl Store {
    /// The running store of a service; `None` where it has no data yet.
    pub(super) async fn find(
        app: &App,
        inputs: &Inputs,
        service: &str,
    ) -> Result<Option<Self>, Error> {
        let builtin = app.builtin();
        let deployment =
            app.deployment(inputs, &Selection::default(), &builtin, &*app.reporter())?;
        let engine = app.engine(None).await?;
        let project = app.project_name(inputs)?;
        let observed = engine.observe(&project, Some(&deployment)).await?;
        let sources = source::find(&deployment, &observed);
        let kind = match (service, sources.mongodb, sources.redis) {
            ("mongodb", Some(Mongo::Container { held, user, .. }), _) => {
                Kind::Mongodb { held, user }
            }
            ("redis", _, Some(held)) => Kind::Redis(held),
            _ if observed.volumes.is_empty() && observed.containers.is_empty() => return Ok(None),
            _ => return Err(asleep(service)),
        };
        let (Kind::Mongodb { held, .. } | Kind::Redis(held)) = &kind;
        match held.running {
            true => Ok(Some(Self { engine, kind })),
            false => Err(asleep(service)),
        }
    }

    /// Whether a password opens it.
    pub(super) async fn accepts(&self, password: &str) -> bool {
        match &self.kind {
            Kind::Mongodb { held, user } => {
                reach::mongodb(&self.engine, &mongodb(held, user, password))
                    .await
                    .is_ok()
            }
            Kind::Redis(held) => {
                let answer = self.redis(held, password, "PING\n".to_owned()).await;
                answer.is_ok_and(|answer| answer.contains("PONG"))
            }
        }
    }

    /// Gives it another password.
    pub(super) async fn change(&self, old: &str, new: &str) -> Result<(), Error> {
        match &self.kind {
            Kind::Mongodb { held, user } => {
                let connection = reach::mongodb(&self.engine, &mongodb(held, user, old)).await?;
                Ok(connection.change_password(user, new).await?)
            }
            Kind::Redis(held) => {
                let input = format!("CONFIG SET requirepass {new}\n");
                let answer = self.redis(held, old, input).await?;
                match answer.trim() {
                    "OK" => Ok(()),
                    _ => Err(Error::failed(
                        "failed to change the password of `redis`: it refuses",
                    )),
                }
            }
        }
    }

    /// What Redis answers. Neither the password nor the command is an argument.
    async fn redis(&self, held: &Held, password: &str, input: String) -> Result<String, Error> {
        let command = Command {
            environment: vec![("REDISCLI_AUTH".to_owned(), Secret::new(password))],
            input: Secret::new(input),
            ..Command::new(["redis-cli", "--raw"])
        };
        Ok(self.engine.ask(&held.container, &command).await?)
    }
}

fn mongodb(held: &Held, user: &str, password: &str) -> Mongo {
    Mongo::Container {
        held: held.clone(),
        user: user.to_owned(),
        password: Secret::new(password),
    }
}

fn asleep(service: &str) -> Error {
    let error = Error::failed(format!(
        "failed to change the password of `{service}`: it does not run"
    ));
    error.hint("start it with `atlas up`; a password is changed in the running store")
}
