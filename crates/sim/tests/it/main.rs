//! Whole networks under one seed.

#![allow(clippy::result_large_err)]

mod assembly;
mod chain;
mod rounds;
