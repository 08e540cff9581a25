//! One peer of a network with rounds that is told this and that.
//!
//! | file | question |
//! | --- | --- |
//! | `common` | what network is the peer in, and what does it answer? |
//! | `restart` | what does a restart find? |
//! | `search` | what is searched for, and what is known? |
//! | `leaving` | when does a peer leave? |
//! | `company` | what if others count otherwise, or were there long before? |
//! | `hints` | what does it make of what it is told of others? |
//! | `names` | what does it make of names? |
//! | `status` | what does a peer say of itself? |
//! | `published` | what does it make of rows that it has missed, where the leader judges? |
//! | `bound`, `last_term`, `liar` | what was found by simulation and fuzzing? |

mod bound;
mod common;
mod company;
mod hints;
mod last_term;
mod leaving;
mod liar;
mod names;
mod published;
mod restart;
mod search;
mod status;
