//! The one way to write: many requests' statements in one transaction, acknowledged after its commit.
//!
//! A durable commit costs milliseconds of waiting for the disk and some 100 µs of CPU; a statement inside a
//! transaction costs 8 µs. So one task takes whatever has come while the last commit was under way, runs it in
//! one transaction, commits, and only then tells the callers. When a statement fails the transaction is rolled
//! back and each unit runs again in one of its own, so that one caller's fault is nobody else's. Each statement is
//! a round trip to the driver's thread, so the lines of records that wait are inserted by one; where nothing else
//! waits it is its own transaction.

use std::future::Future;
use std::pin::Pin;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions, Connection};
use tokio::sync::{mpsc, oneshot};

use super::record::{self, CHUNK, Line};
use super::{Error, prepare};

/// Units in one transaction at most.
const GROUP: usize = 512;
/// Units that may wait; beyond it callers wait for a place.
const QUEUE: usize = 4096;

/// Statements that hold together: all of them, or none.
///
/// A unit may run twice (see the module), so it must be the same each time, and it must not depend on having
/// seen what its own failed run wrote.
pub(crate) trait Unit: Send + Sync + 'static {
    /// What the statements answer.
    type Output: Send + 'static;

    /// Runs the statements inside the transaction on `connection`.
    fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> impl Future<Output = Result<Self::Output, sqlx::Error>> + Send;
}

/// The sending side; clones share one task.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Message>,
}

impl Writer {
    /// Starts the task on a connection of its own.
    pub(crate) async fn start(options: AnyConnectOptions) -> Result<Self, sqlx::Error> {
        let connection = connect(&options).await?;
        let (jobs, inbox) = mpsc::channel(QUEUE);
        tokio::spawn(
            Work {
                options,
                connection,
            }
            .run(inbox),
        );
        Ok(Self { jobs })
    }

    /// Runs a unit and waits until it is durable.
    pub(crate) async fn commit<U: Unit>(&self, unit: U) -> Result<U::Output, Error> {
        let (reply, answer) = oneshot::channel();
        let job = Pending {
            unit,
            output: None,
            reply,
        };
        self.jobs
            .send(Message::Job(Box::new(job)))
            .await
            .map_err(|_| Error::Closed)?;
        answer
            .await
            .map_err(|_| Error::Closed)?
            .map_err(Error::from)
    }

    /// Appends lines to the records and waits until they are durable.
    pub(crate) async fn append(&self, lines: Vec<Line>) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        self.jobs
            .send(Message::Lines(Append { lines, reply }))
            .await
            .map_err(|_| Error::Closed)?;
        answer
            .await
            .map_err(|_| Error::Closed)?
            .map_err(Error::from)
    }

    /// Ends the task after what has been sent so far.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.jobs.send(Message::Close(done)).await.is_ok() {
            // An answer that does not come means that the task has ended already.
            let _ended = closed.await;
        }
    }
}

#[derive(Debug)]
enum Message {
    Job(Box<dyn Job>),
    Lines(Append),
    Close(oneshot::Sender<()>),
}

/// Lines of one caller.
#[derive(Debug)]
struct Append {
    lines: Vec<Line>,
    reply: oneshot::Sender<Result<(), sqlx::Error>>,
}

impl Append {
    fn answer(self, outcome: Result<(), sqlx::Error>) {
        // A caller that has gone away does not undo what is committed.
        drop(self.reply.send(outcome));
    }
}

/// What is committed together.
#[derive(Debug, Default)]
struct Group {
    jobs: Vec<Box<dyn Job>>,
    appends: Vec<Append>,
}

impl Group {
    /// One statement that needs no transaction around it.
    fn is_one_statement(&self) -> bool {
        let lines = self.appends.iter().map(|append| append.lines.len());
        self.jobs.is_empty() && lines.sum::<usize>() <= CHUNK
    }

    async fn run(&mut self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        for job in &mut self.jobs {
            job.run(connection).await?;
        }
        let lines = self.appends.iter().flat_map(|append| &append.lines);
        record::insert(connection, lines).await
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + 'a>>;

/// A unit whose output type is forgotten.
trait Job: Send + std::fmt::Debug {
    fn run<'a>(&'a mut self, connection: &'a mut AnyConnection) -> Running<'a>;
    fn acknowledge(self: Box<Self>);
    fn fail(self: Box<Self>, error: sqlx::Error);
}

struct Pending<U: Unit> {
    unit: U,
    output: Option<U::Output>,
    reply: oneshot::Sender<Result<U::Output, sqlx::Error>>,
}

impl<U: Unit> std::fmt::Debug for Pending<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

impl<U: Unit> Job for Pending<U> {
    fn run<'a>(&'a mut self, connection: &'a mut AnyConnection) -> Running<'a> {
        Box::pin(async move {
            self.output = Some(self.unit.run(connection).await?);
            Ok(())
        })
    }

    fn acknowledge(self: Box<Self>) {
        if let Some(output) = self.output {
            // A caller that has gone away does not undo what is committed.
            drop(self.reply.send(Ok(output)));
        }
    }

    fn fail(self: Box<Self>, error: sqlx::Error) {
        drop(self.reply.send(Err(error)));
    }
}

/// The task and its connection.
struct Work {
    options: AnyConnectOptions,
    connection: AnyConnection,
}

impl Work {
    async fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut messages = Vec::with_capacity(GROUP);
        let mut closing = Vec::new();
        while closing.is_empty() && inbox.recv_many(&mut messages, GROUP).await > 0 {
            let mut group = Group::default();
            for message in messages.drain(..) {
                match message {
                    Message::Job(job) => group.jobs.push(job),
                    Message::Lines(append) => group.appends.push(append),
                    Message::Close(done) => closing.push(done),
                }
            }
            if self.transact(&mut group).await.is_ok() {
                group.jobs.into_iter().for_each(|job| job.acknowledge());
                let appends = group.appends.into_iter();
                appends.for_each(|append| append.answer(Ok(())));
            } else {
                self.one_by_one(group).await;
            }
        }
        inbox.close();
        drop(self.connection.close().await);
        for done in closing {
            // Whoever closed may have stopped waiting.
            let _told = done.send(());
        }
    }

    /// Runs each unit in a transaction of its own, after their common one was rolled back.
    async fn one_by_one(&mut self, group: Group) {
        if self.connection.ping().await.is_err() {
            match connect(&self.options).await {
                Ok(connection) => self.connection = connection,
                Err(error) => tracing::warn!(%error, "the writer cannot reach the store"),
            }
        }
        for job in group.jobs {
            let mut alone = Group::default();
            alone.jobs.push(job);
            let outcome = self.transact(&mut alone).await;
            let job = alone.jobs.pop();
            match (job, outcome) {
                (Some(job), Ok(())) => job.acknowledge(),
                (Some(job), Err(error)) => job.fail(error),
                (None, _) => {}
            }
        }
        for append in group.appends {
            let mut alone = Group::default();
            alone.appends.push(append);
            let outcome = self.transact(&mut alone).await;
            if let Some(append) = alone.appends.pop() {
                append.answer(outcome);
            }
        }
    }

    async fn transact(&mut self, group: &mut Group) -> Result<(), sqlx::Error> {
        if group.is_one_statement() {
            return group.run(&mut self.connection).await;
        }
        let begin = if self.connection.backend_name() == "SQLite" {
            // Takes the right to write at once: a transaction that starts by reading may be refused it later.
            "BEGIN IMMEDIATE"
        } else {
            "BEGIN"
        };
        let mut transaction = self.connection.begin_with(begin).await?;
        group.run(&mut transaction).await?;
        transaction.commit().await
    }
}

async fn connect(options: &AnyConnectOptions) -> Result<AnyConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    prepare(&mut connection).await?;
    Ok(connection)
}

#[cfg(test)]
mod tests;
