//! The API over real sockets, in one process.
//!
//! | file | question |
//! | --- | --- |
//! | `answers` | does it say what the peer has? |
//! | `demo` | is what is done to a demo handed on, and refused with a reason? |
//! | `documented` | is `docs/openapi.json` what is served? |
//! | `harness` | how are a server and its callers made? |
//! | `rounds` | can what decided a row be checked, and each peer be asked? |
//! | `refusals` | is everything that it refuses a problem with its code? |
//! | `secured` | is it closed without a token, and unreadable on the way? |
//! | `streams` | does each reader of events get all of them? |

mod answers;
mod demo;
mod documented;
mod harness;
mod refusals;
mod rounds;
mod secured;
mod streams;
