//! Stories of the whole product: `althing` processes that meet over a real broker, lose it, are
//! killed at the worst moments, and hear garbage; and still keep one table.
//!
//! Each story is told in its test's name. The waits in them end with conditions, never with time,
//! so a slow machine does not make them fail.

mod api;
mod assembly;
mod assembly_kills;
mod attacks;
mod broker;
mod chains;
mod challenges;
mod commits;
mod crashes;
mod dashboard;
mod data;
mod demo;
mod demo_assembly;
mod documents;
mod failing;
mod harness;
mod interop;
mod leaders;
mod leading;
mod manual;
mod meeting;
mod outputs;
mod plain;
mod ppd;
mod proofs;
mod python_client;
mod raw_mqtt;
mod reconnecting;
mod sd;
mod stories;
mod tracker;
mod warnings;
