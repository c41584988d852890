//! Histories of concurrent calls, recorded and checked: issuing, using, rotating and revoking a key look as if each had
//! happened at one moment between its call and its answer.
//!
//! Each key is checked by itself, which is enough (a history is linearizable when it is for each object), against a
//! sequential specification of a key's life.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::Action::{self, Call, Response};
use todc_utils::linearizability::history::History;
use todc_utils::specifications::Specification;
use tokio::task::JoinSet;
use tollgate::account::{Actor, KeyFamily};
use tollgate::administration::{Administration, Error, NewKey};
use tollgate::app::Services;
use tollgate_apikey::{KeyId, Mode, Overlap, Scopes};
use tollgate_client_address::IpList;

use crate::world::{self, World, world};

/// What is done with a key, and what that came to once it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Made, by issuing it or in the place of another.
    Make,
    /// Presented with a request; whether it passed.
    Use(Option<bool>),
    /// Ended, by revoking it or by rotating it without overlap; whether this call did.
    End(Option<bool>),
    /// Rotated with an overlap that outlasts the test; whether it was usable.
    Retire(Option<bool>),
}

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Life {
    Unborn,
    Active,
    Retiring,
    Ended,
}

/// A key as one caller at a time would see it.
struct KeyLife;

impl Specification for KeyLife {
    type State = Life;
    type Operation = Step;

    fn init() -> Life {
        Life::Unborn
    }

    fn apply(step: &Step, life: &Life) -> (bool, Life) {
        let usable = matches!(life, Life::Active | Life::Retiring);
        match step {
            Step::Make => (*life == Life::Unborn, Life::Active),
            Step::Use(passed) => (*passed == Some(usable), *life),
            Step::End(did) => (*did == Some(usable), if usable { Life::Ended } else { *life }),
            Step::Retire(did) => (*did == Some(usable), if usable { Life::Retiring } else { *life }),
        }
    }
}

/// What the tasks did, in the order in which calls began and answers came.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Event>>>);

/// A key, the task that did something with it, and what.
type Event = (KeyId, usize, Action<Step>);

impl Recorder {
    fn note(&self, key: KeyId, task: usize, action: Action<Step>) {
        self.0.lock().unwrap().push((key, task, action));
    }

    /// Checks the history of each key, and forgets them; answers how many there were.
    #[track_caller]
    fn check(&self, seed: u64) -> usize {
        let mut histories: HashMap<KeyId, Vec<_>> = HashMap::new();
        for (key, task, action) in self.0.lock().unwrap().drain(..) {
            histories.entry(key).or_default().push((task, action));
        }
        let keys = histories.len();
        for (key, history) in histories {
            let told = format!("seed {seed}, key {}: {history:?}", key.as_str());
            assert!(WGLChecker::<KeyLife>::is_linearizable(History::from_actions(history)), "{told}");
        }
        keys
    }
}

/// One of the tasks that share a few keys.
struct Hand {
    task: usize,
    world: Arc<World>,
    keys: Arc<Mutex<Vec<(KeyId, String)>>>,
    recorder: Recorder,
    dice: Dice,
    /// The key it met last: it may have been ended since.
    before: (KeyId, String),
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        // Knuth's MMIX generator; its upper bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// Keys that live at a time: few, so that calls meet.
const KEYS: usize = 3;
const TASKS: usize = 8;
const STEPS: usize = 60;
const ROUNDS: u64 = 4;
const NEW_KEYS: u64 = 200;

impl Hand {
    fn new(
        task: usize,
        seed: u64,
        world: &Arc<World>,
        keys: &Arc<Mutex<Vec<(KeyId, String)>>>,
        recorder: &Recorder,
    ) -> Self {
        let dice = Dice(seed * 1000 + u64::try_from(task).unwrap());
        let before = keys.lock().unwrap()[0].clone();
        Self { task, world: world.clone(), keys: keys.clone(), recorder: recorder.clone(), dice, before }
    }

    async fn work(mut self) {
        for step in 0..STEPS {
            let place = self.dice.below(KEYS);
            let (id, text) = self.keys.lock().unwrap()[place].clone();
            match self.dice.below(20) {
                0..3 => self.revoke(place, id).await,
                3..6 => self.rotate(place, id, 0).await,
                6 => self.rotate(place, id, 3600).await,
                7..12 => self.present(self.before.0, &self.before.1, step).await,
                _ => self.present(id, &text, step).await,
            }
            self.before = (id, text);
        }
    }

    async fn present(&self, id: KeyId, text: &str, step: usize) {
        self.recorder.note(id, self.task, Call(Step::Use(None)));
        let call = world::Call::get("/v1/orders").header("x-api-key", text);
        let answer = self.world.send(call.from(own_address(self.task, step))).await;
        let passed = match answer.status.as_u16() {
            200 => true,
            401 => false,
            other => panic!("{other}: {}", answer.text()),
        };
        self.recorder.note(id, self.task, Response(Step::Use(Some(passed))));
    }

    async fn revoke(&self, place: usize, id: KeyId) {
        // A key that retires, too, is revoked by the first call alone.
        self.recorder.note(id, self.task, Call(Step::End(None)));
        let did = self.administration().revoke_key(&Actor::operator(), id).await.unwrap();
        self.recorder.note(id, self.task, Response(Step::End(Some(did))));
        if did {
            let new = issue(&self.world.services, &self.world, self.task, &self.recorder).await;
            self.keys.lock().unwrap()[place] = new;
        }
    }

    async fn rotate(&self, place: usize, id: KeyId, overlap_s: u32) {
        let step = if overlap_s == 0 { Step::End } else { Step::Retire };
        self.recorder.note(id, self.task, Call(step(None)));
        let rotated = self.administration().rotate_key(&Actor::operator(), id, Overlap::new(overlap_s).unwrap()).await;
        let did = match &rotated {
            Ok(_) => true,
            Err(Error::NotUsable) => false,
            Err(other) => panic!("{other}"),
        };
        self.recorder.note(id, self.task, Response(step(Some(did))));
        if let Ok(new) = rotated {
            // It was made somewhere within the call; nobody knew it before this moment.
            self.recorder.note(new.record.id, self.task, Call(Step::Make));
            self.recorder.note(new.record.id, self.task, Response(Step::Make));
            self.keys.lock().unwrap()[place] = (new.record.id, new.text.expose_secret().to_owned());
        }
    }

    fn administration(&self) -> &Administration {
        &self.world.services.administration
    }
}

/// One address a call, so that nobody meets the limit on failures, which is per address.
fn own_address(task: usize, step: usize) -> [u8; 4] {
    [198, 51, u8::try_from(task).unwrap(), u8::try_from(step).unwrap()]
}

async fn issue(services: &Services, world: &World, task: usize, recorder: &Recorder) -> (KeyId, String) {
    let new = NewKey {
        merchant: world.merchant_id(),
        user: None,
        family: KeyFamily::CARDPLUSPAY,
        mode: Mode::Test,
        scopes: Scopes::parse("orders:read").unwrap(),
        ip_list: IpList::unrestricted(),
        name: String::new(),
        expires_at: None,
    };
    let issued = services.administration.issue_key(&Actor::operator(), new).await.unwrap();
    recorder.note(issued.record.id, task, Call(Step::Make));
    recorder.note(issued.record.id, task, Response(Step::Make));
    (issued.record.id, issued.text.expose_secret().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_history_of_a_key_is_linearizable() {
    for seed in 0..ROUNDS {
        let (world, recorder) = (Arc::new(world().await), Recorder::default());
        let mut keys = Vec::new();
        for _ in 0..KEYS {
            keys.push(issue(&world.services, &world, TASKS, &recorder).await);
        }
        let keys = Arc::new(Mutex::new(keys));
        let mut hands = JoinSet::new();
        for task in 0..TASKS {
            hands.spawn(Hand::new(task, seed, &world, &keys, &recorder).work());
        }
        hands.join_all().await;
        assert!(recorder.check(seed) > KEYS, "keys were replaced");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_that_ends_while_it_is_first_read_is_dead() {
    // The first use of a key reads it from storage: here that meets the end of the key, over and over.
    let (world, recorder) = (Arc::new(world().await), Recorder::default());
    for seed in 0..NEW_KEYS {
        let (id, text) = issue(&world.services, &world, TASKS, &recorder).await;
        let keys = Arc::new(Mutex::new(vec![(id, text.clone())]));
        let mut hands = JoinSet::new();
        for task in 1..TASKS {
            let (hand, text) = (Hand::new(task, seed, &world, &keys, &recorder), text.clone());
            hands.spawn(async move {
                for _ in 0..task {
                    tokio::task::yield_now().await;
                }
                hand.present(id, &text, 0).await;
            });
        }
        let hand = Hand::new(0, seed, &world, &keys, &recorder);
        hands.spawn(async move { hand.rotate(0, id, 0).await });
        hands.join_all().await;
        Hand::new(0, seed, &world, &keys, &recorder).present(id, &text, 1).await;
        world.advance(60);
        recorder.check(seed);
    }
}

#[test]
fn the_checker_finds_a_key_that_lives_on() {
    let made = [(0, Call(Step::Make)), (0, Response(Step::Make))];
    let ended = [(0, Call(Step::End(None))), (0, Response(Step::End(Some(true))))];
    let used = |passed| [(1, Call(Step::Use(None))), (1, Response(Step::Use(Some(passed))))];
    let [call, answer] = ended.clone();
    let table = [
        ("used, then ended", [made.to_vec(), used(true).to_vec(), ended.to_vec()].concat(), true),
        ("used after its end", [made.to_vec(), ended.to_vec(), used(true).to_vec()].concat(), false),
        ("dead before its end", [made.to_vec(), used(false).to_vec(), ended.to_vec()].concat(), false),
        ("ended twice", [made.to_vec(), ended.to_vec(), ended.to_vec()].concat(), false),
        (
            "dead, then alive, while it is ended",
            [made.to_vec(), vec![call], used(false).to_vec(), used(true).to_vec(), vec![answer]].concat(),
            false,
        ),
    ];
    for (label, history, expected) in table {
        assert_eq!(WGLChecker::<KeyLife>::is_linearizable(History::from_actions(history)), expected, "{label}");
    }
}
