//! Every choice that rules offer, on a network where everything arrives at once and in order.

mod arrivals;
mod bound;
mod choices;
mod last_term;
mod liar;
mod lockstep;
mod plain;
