//! The events of a process, as numbered records: `--json` prints them, the screen shows them, and
//! the API streams them.
//!
//! A peer publishes its events to a [`Feed`], which never waits. A subscriber reads them at its own
//! pace; if it is too slow, it is told how many it has missed. An [`Event`] is plain data with a
//! JSON Schema, from which the tables of `docs/events.md` are generated.
//!
//! | file | question |
//! | --- | --- |
//! | `event` | What can happen, and which fields does it have? |
//! | `record` | What does every record say besides its event? |
//! | `names` | What are the peers in a record called? |
//! | `publishing` | How do records get from publishers to subscribers? |
//! | `id`, `text_form` | How are ids, addresses and hashes written in JSON? |
//! | `text` | How does a record read as a line for people? |
//! | `documentation` | What do the schema and the tables say? |

pub mod documentation;
mod event;
mod id;
mod names;
mod publishing;
mod record;
pub mod text;
mod text_form;

pub use self::event::assembly::{AssemblyEvent, CharterMember, Observer, Word};
pub use self::event::chain::{ChainEvent, entry_author, entry_text};
pub use self::event::demo::DemoEvent;
pub use self::event::miners::{MinersEvent, Shares};
pub use self::event::peer::{BrokenRule, PeerEvent};
pub use self::event::rounds::{Draw, RoundsEvent, Row};
pub use self::event::search::SearchEvent;
pub use self::event::tracker::TrackerEvent;
pub use self::event::waiting::Waiting;
pub use self::event::{Event, Observed};
pub use self::id::{Id, NoPeerName, PeerName};
pub use self::names::shown;
pub use self::publishing::{Feed, RECORDS_MAX, Source, Subscription};
pub use self::record::{Lagged, Record, wall_clock};
