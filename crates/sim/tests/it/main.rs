//! Networks of `elect-chain` under one seed: scenarios with a story, and random ones.

mod agreement;
mod failures;
mod scenario;
