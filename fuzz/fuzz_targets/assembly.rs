//! `althing_fuzz::assembly`, for libFuzzer; or, without it, for the files that it is given.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| althing_fuzz::assembly::try_input(input));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    althing_fuzz::replay(althing_fuzz::assembly::try_input)
}
