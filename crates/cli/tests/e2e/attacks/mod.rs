//! Attacks on running peers, as `cargo xtask attack` runs them. `docs/threats.md` has for each
//! attacker what stands against it.
//!
//! | file | question |
//! | --- | --- |
//! | `assembly` | What does an outsider achieve against an assembly, over each transport? |
//! | `garbage` | What does a stranger achieve who floods a network with messages? |

mod assembly;
mod garbage;
