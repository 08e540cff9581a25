//! Whole networks where everything arrives at once and in order: every choice that rules offer,
//! and the codecs that the rules come with.
//!
//! | file | question |
//! | --- | --- |
//! | `network` | which messages does a peer hear, and when? |
//! | `choices` | do members agree under all rules? |
//! | `published` | do peers that count arrivals? |
//! | `customs` | do they among programs, in whatever their networks differ? |
//! | `any` | do they in any mixture of those? |
//! | `gaps` | what do they record that have missed messages? |
//! | `profiles` | do they, by each value that a profile may have? |
//! | `program` | how does such a program behave? |
//! | `names` | what do peers know each other by? |
//! | `plain` | what becomes of a program that knows only the plain protocol? |
//! | `ppd`, `sd` | do peers agree that hear each other only as bytes on topics? |

mod any;
mod choices;
mod customs;
mod gaps;
mod names;
mod network;
mod plain;
mod ppd;
mod profiles;
mod program;
mod published;
mod sd;
