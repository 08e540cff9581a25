//! The store as its users see it, with real files and real processes.

mod chain;
mod common;
mod crash;
mod damage;
mod foreign;
mod impossible;
mod in_use;
mod kept;
mod model;
mod reading;
