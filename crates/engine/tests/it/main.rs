//! Every choice that rules offer, on a network where everything arrives at once and in order.

mod choices;
mod lockstep;
mod plain;
