//! How the screen looks, and that nothing reported can break it.

mod looks;
mod made_up;
mod properties;
mod rules;
