//! Attacks on running peers, as `cargo xtask attack` runs them. `docs/threats.md` has for each
//! attacker what stands against it.
//!
//! | file | question |
//! | --- | --- |
//! | `garbage` | What does a stranger achieve who floods a network with messages? |

mod garbage;
