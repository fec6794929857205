use std::sync::Arc;

use sqlx::AnyConnection;
use tokio::task::JoinSet;

use super::Unit;
use crate::id::{AgencyId, ApplicationId, by_time};
use crate::record::{Outcome, SignatureRecord};
use crate::store::record::Line;
use crate::store::{Error, Store, agency, now};

/// The store's directory goes when the test ends.
async fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let settings = config::Store::sqlite(directory.path().join("100% of it.db"));
    let store = Store::open(&settings).await.unwrap();
    (directory, store)
}

fn named(name: String) -> agency::Insert {
    agency::Insert {
        id: AgencyId::random().unwrap(),
        name,
    }
}

/// Writes twice, then fails if told to.
struct Both {
    name: String,
    fail: bool,
}

impl Unit for Both {
    type Output = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        named(format!("{} a", self.name)).run(connection).await?;
        named(format!("{} b", self.name)).run(connection).await?;
        if self.fail {
            return Err(sqlx::Error::RowNotFound);
        }
        Ok(())
    }
}

fn line() -> Line {
    Line {
        id: by_time(now()).unwrap(),
        at: now(),
        record: SignatureRecord {
            request_id: "1".to_owned(),
            application: ApplicationId::random().unwrap(),
            holder: None,
            document_id: None,
            document_digest: None,
            document_size: None,
            outcome: Outcome::Failed,
        },
    }
}

async fn count(store: &Store) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM agency")
        .fetch_one(&store.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_and_a_fault_is_its_own_callers() {
    let (_directory, store) = store().await;
    let store = Arc::new(store);
    let mut callers = JoinSet::new();
    for number in 0..1200 {
        let store = Arc::clone(&store);
        // Every third name is taken twice, so that one of two callers is refused.
        let name = (number - number % 3 / 2).to_string();
        callers.spawn(async move {
            let done = store.writer.commit(named(name.clone())).await;
            let found = agency::by_name(&store, &name).await.unwrap();
            assert!(found.is_some());
            done
        });
    }
    let (mut done, mut taken) = (0, 0);
    while let Some(outcome) = callers.join_next().await {
        match outcome.unwrap() {
            Ok(()) => done += 1,
            Err(Error::Exists) => taken += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((done, taken), (800, 400));
    assert_eq!(count(&store).await, 800);
}

#[tokio::test]
async fn a_unit_holds_together_among_others() {
    let (_directory, store) = store().await;
    let both = |name: &str, fail| Both {
        name: name.to_owned(),
        fail,
    };
    let (good, bad, other) = tokio::join!(
        store.writer.commit(both("good", false)),
        store.writer.commit(both("bad", true)),
        store.writer.commit(both("other", false)),
    );
    assert!(good.is_ok() && other.is_ok());
    assert!(matches!(bad, Err(Error::Statement { .. })));
    assert_eq!(count(&store).await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_of_many_callers_are_all_kept() {
    let (_directory, store) = store().await;
    let store = Arc::new(store);
    let mut callers = JoinSet::new();
    for number in 0..300_usize {
        let store = Arc::clone(&store);
        callers.spawn(async move {
            let lines = (0..number % 70).map(|_| line()).collect();
            let appended = store.writer.append(lines).await;
            if number % 10 == 0 {
                let unit = named(format!("agency {number}"));
                store.writer.commit(unit).await.unwrap();
            }
            appended
        });
    }
    while let Some(outcome) = callers.join_next().await {
        outcome.unwrap().unwrap();
    }
    let expected: usize = (0..300).map(|number| number % 70).sum();
    let lines: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM signature_record")
        .fetch_one(&store.pool)
        .await
        .unwrap();
    assert_eq!(usize::try_from(lines).unwrap(), expected);
    assert_eq!(count(&store).await, 30);

    // A line that cannot be written is refused to its caller alone.
    let twice = line();
    let again = Line {
        id: twice.id,
        ..line()
    };
    let (one, refused, other) = tokio::join!(
        store.writer.append(vec![line(), twice]),
        store.writer.append(vec![again]),
        store.writer.append(vec![line()]),
    );
    assert!(one.is_ok() && other.is_ok());
    assert!(matches!(refused, Err(Error::Exists)));
}

#[tokio::test]
async fn a_closed_store_refuses_and_keeps_what_was_sent() {
    let (directory, store) = store().await;
    store.writer.commit(named("one".to_owned())).await.unwrap();
    store.close().await;
    let late = store.writer.commit(named("two".to_owned())).await;
    assert!(matches!(late, Err(Error::Closed)));
    let settings = config::Store::sqlite(directory.path().join("100% of it.db"));
    let again = Store::open(&settings).await.unwrap();
    assert_eq!(count(&again).await, 1);
}
