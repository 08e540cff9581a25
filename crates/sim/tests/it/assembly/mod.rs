//! Assemblies: under any faults that the charter allows, one chain that goes on.

mod byzantine;
mod failures;
mod fixed_seeds;
mod leases;
mod speed;
