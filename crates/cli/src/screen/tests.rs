//! How the screen looks, and that nothing reported can break it.
//!
//! | file | question |
//! | --- | --- |
//! | `assemblies` | how do assemblies look? |
//! | `looks` | how do boards look, byte by byte? |
//! | `made_up` | which boards are shown? |
//! | `properties` | can any report or size break it? |
//! | `rules` | what must every picture keep to? |

mod assemblies;
mod looks;
mod made_up;
mod properties;
mod rules;
