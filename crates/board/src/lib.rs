//! The state of a network that a screen shows, folded from the events of peers: the peers, the
//! leader, the challenge, the votes, the table; or the blocks of a chain, or of an assembly.
//!
//! [`Board`] is pure: it has no clock and no terminal, so all of its states are tested without
//! either, and a web page can show it as well as a terminal.
//!
//! Many peers report the same fact. The first report counts, and the board does not show which peer
//! it came from. Text from other peers (topics, reasons) is escaped before it is kept, and every
//! list has a named bound.
//!
//! | file | question |
//! | --- | --- |
//! | `assembly` | What is known of an assembly? |
//! | `board` | What is known of the network? |
//! | `chain` | What is known of a network with a chain? |
//! | `peers` | Who is here? |
//! | `broken` | What has the user of a demo done to it? |
//! | `rules` | How does the network decide, and choose its leader? |
//! | `round` | Where is a round, and how was it decided? |
//! | `hash_rate` | How fast do peers hash? |
//! | `pace` | How fast are rounds decided? |
//! | `text` | How are ids shown, and how much of a text is kept? |

mod assembly;
mod board;
mod broken;
mod chain;
mod hash_rate;
mod pace;
mod peers;
mod round;
mod rules;
mod text;

pub use self::assembly::{
    AssemblyBoard, AssemblyMember, BLOCKS_MAX, CommittedRow, Contradicted, CurrentView, History,
    HistoryRow, Members, PassedOver, Standstill,
};
pub use self::board::{Board, Finish, Leader, ROWS_MAX};
pub use self::broken::{Broken, FAULTS_MAX};
pub use self::chain::{BlockRow, ChainBoard, ChainPeer, Found, HEIGHTS_MAX};
pub use self::hash_rate::HashRates;
pub use self::peers::{PEERS_MAX, Peer, Peers};
pub use self::round::{Challenge, Phase, Round, Row};
pub use self::rules::{Decides, HowDecided};
pub use self::text::{TEXT_MAX, short_id};
/// A stranger's text as it may be shown, cut to so many characters.
pub use althing_text::terminal::escaped_start as harmless;
