//! Real blocks and those that only look like them, and chains that compete.

mod aviary;
mod common;
mod cs60;
mod disk;
mod forks;
mod invalid;
mod native;
