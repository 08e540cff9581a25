//! Whole networks under one seed.

#![allow(clippy::result_large_err)]

mod chain;
mod rounds;
