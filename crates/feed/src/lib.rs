//! What happens in a process, as numbered records: what `--json` prints, what the screen shows and
//! what the API streams.
//!
//! Whoever has something to tell publishes it to a [`Feed`], which never waits. Whoever wants to
//! know subscribes, and is told when it was too slow and missed something. An [`Event`] is plain
//! data with a JSON Schema, from which the tables of `docs/events.md` are generated.
//!
//! | file | question |
//! | --- | --- |
//! | `event/` | What can happen, and which fields does it have? |
//! | `record` | What is told of every event? |
//! | `publishing` | How do records get from those who tell to those who listen? |
//! | `id`, `text_form` | How are ids, addresses and hashes written in JSON? |
//! | `text` | How is a record told to a person? |
//! | `documentation` | What do the schema and the tables say? |

pub mod documentation;
mod event;
mod id;
mod publishing;
mod record;
pub mod text;
mod text_form;

pub use self::event::chain::{ChainEvent, entry_text};
pub use self::event::miners::{MinersEvent, Shares};
pub use self::event::peer::PeerEvent;
pub use self::event::rounds::{RoundsEvent, Row, Waiting};
pub use self::event::tracker::TrackerEvent;
pub use self::event::{Event, Observed};
pub use self::id::{Id, PeerName};
pub use self::publishing::{Feed, Lagged, RECORDS_MAX, Source, Subscription};
pub use self::record::Record;
