//! Compares each kernel with the one that hashes messages one by one.

use proptest::prelude::*;

use super::{Kernel, Solver};
use crate::goal::Goal;
use crate::hash::Hash;
use crate::nonce::Nonce;
use crate::work::{HEADER_WITHOUT_NONCE, Template, Work};

fn available() -> impl Iterator<Item = Kernel> {
    Kernel::ALL.into_iter().filter(|kernel| kernel.is_available())
}

/// Asserts that all kernels find all solutions of a range, one after the other, where
/// [`Kernel::Single`] finds them. So each lane that holds one is examined.
fn assert_all_find_the_same(work: &Work, start: u64, length: u64) {
    let end = start.saturating_add(length).min(work.candidates());
    let all = |kernel| {
        let solver = Solver::new(work, kernel);
        let next = |from: u64| solver.first_solution(from..end);
        std::iter::successors(next(start), |last| next(last + 1)).collect::<Vec<_>>()
    };
    let expected: Vec<u64> = (start..end).filter(|index| work.is_solved_by(*index)).collect();
    for kernel in available() {
        assert_eq!(all(kernel), expected, "{kernel} from {start}: {work:?}");
    }
}

fn sha256(prefix: usize, suffix: usize, goal: Goal) -> Work {
    let template = Template::new(vec![b'p'; prefix], Nonce::Decimal, vec![b's'; suffix]);
    Work { hash: Hash::Sha256, template, goal }
}

#[test]
fn a_name_leads_back_to_its_kernel() {
    for kernel in Kernel::ALL {
        assert_eq!(kernel.name().parse(), Ok(kernel));
        assert_eq!(kernel.to_string(), kernel.name());
    }
    let unknown = "abacus".parse::<Kernel>();
    assert_eq!(
        unknown.map_err(|error| error.to_string()),
        Err("there is no kernel \"abacus\"; \
             there are avx512, sha, avx2, neon, single, portable"
            .into())
    );
}

#[test]
#[ignore = "only `cargo xtask emulate` knows which processor this is"]
fn the_kernels_are_those_that_the_processor_can_run() {
    let expected = std::env::var("ALTHING_KERNELS").expect("names of kernels, the fastest first");
    let names: Vec<&str> = available().map(Kernel::name).collect();
    assert_eq!(names.join(" "), expected);
    assert!(expected.starts_with(Kernel::expected().name()));
}

#[test]
fn decimal_digits_may_be_anywhere_in_a_block() {
    for prefix in 0..=128 {
        for start in [0, 95, 960, 9_950, 99_990, 9_999_950] {
            assert_all_find_the_same(&sha256(prefix, 0, Goal::LeadingZeroBits(5)), start, 150);
        }
        assert_all_find_the_same(&sha256(prefix, 70, Goal::TrailingZeroBits(5)), 9_990, 200);
    }
}

#[test]
fn texts_may_follow_the_digits_in_any_number_of_blocks() {
    for suffix in 0..200 {
        assert_all_find_the_same(&sha256(52, suffix, Goal::LeadingZeroBits(4)), 99_980, 100);
    }
}

#[test]
fn bare_nonces_may_have_any_length() {
    for nonce in [Nonce::Decimal, Nonce::Integer, Nonce::Text] {
        let template = Template::bare(nonce);
        let work = Work { hash: Hash::Sha1, template, goal: Goal::LeadingZeroBits(6) };
        let mut segment = nonce.segment(0);
        while segment.end < u64::MAX {
            assert_all_find_the_same(&work, segment.end.saturating_sub(700), 1400);
            segment = nonce.segment(segment.end);
        }
        assert_all_find_the_same(&work, u64::MAX - 1000, 1000);
    }
}

#[test]
fn short_texts_may_stand_around_a_decimal_number() {
    for goal in [Goal::LeadingZeroBits(5), Goal::ExactlyLeadingZeroDigits(1)] {
        for prefix in 0..25 {
            for suffix in [0, 1, 20, 40, 70] {
                let template =
                    Template::new(vec![b'p'; prefix], Nonce::Decimal, vec![b's'; suffix]);
                let work = Work { hash: Hash::Sha1, template, goal };
                for start in [0, 95, 960, 99_990, 9_999_950] {
                    assert_all_find_the_same(&work, start, 150);
                }
            }
        }
    }
}

#[test]
fn headers_are_found_up_to_the_last_nonce() {
    let mut limit = [0xff; 32];
    limit[31] = 0x0f;
    let work = Work::header(&[7; HEADER_WITHOUT_NONCE], limit);
    for start in [0, 5, (1 << 24) - 50, (1 << 32) - 130] {
        assert_all_find_the_same(&work, start, 200);
    }
}

#[test]
fn what_no_kernel_knows_is_hashed_one_by_one() {
    for hash in [Hash::Sha1, Hash::Sha256, Hash::DoubleSha256] {
        for nonce in [Nonce::Integer, Nonce::Text, Nonce::LittleEndian] {
            let template = Template::new(*b"before", nonce, *b"after");
            let work = Work { hash, template, goal: Goal::LeadingZeroBits(3) };
            assert_all_find_the_same(&work, 250, 100);
        }
    }
}

#[test]
fn chunks_of_what_no_kernel_knows_are_as_short_as_hashing_it_is_slow() {
    // The first texts are those that rise.
    let work = Work {
        hash: Hash::Sha1,
        template: Template::bare(Nonce::Text),
        goal: Goal::LeadingZeroBits(160),
    };
    for kernel in available() {
        let end = |kernel| Solver::new(&work, kernel).chunk_end(0, u64::MAX);
        assert_eq!(end(kernel), end(Kernel::Single), "{kernel}");
    }
}

fn any_goal() -> impl Strategy<Value = Goal> {
    prop_oneof![
        (0..12_u16).prop_map(Goal::LeadingZeroBits),
        (0..9_u16).prop_map(Goal::ExactlyLeadingZeroBits),
        (0..3_u16).prop_map(Goal::ExactlyLeadingZeroDigits),
        (0..9_u16).prop_map(Goal::ZeroBitsAfterFirstOne),
        (0..9_u16).prop_map(Goal::ExactlyZeroBitsAfterFirstOne),
        (0..12_u16).prop_map(Goal::TrailingZeroBits),
        any::<[u8; 32]>().prop_map(Goal::AtMost),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn all_kernels_find_the_same_in_texts(
        prefix in prop::collection::vec(any::<u8>(), 0..200),
        suffix in prop::collection::vec(any::<u8>(), 0..200),
        goal in any_goal(),
        digits in 0..63_u32,
        start: u64,
        length in 0..400_u64,
    ) {
        let template = Template::new(prefix, Nonce::Decimal, suffix);
        let work = Work { hash: Hash::Sha256, template, goal };
        assert_all_find_the_same(&work, start >> digits, length);
    }

    #[test]
    fn all_kernels_find_the_same_in_bare_nonces(
        nonce in prop::sample::select(vec![Nonce::Decimal, Nonce::Integer, Nonce::Text]),
        goal in any_goal(),
        digits in 0..63_u32,
        start: u64,
        length in 0..3000_u64,
    ) {
        let work = Work { hash: Hash::Sha1, template: Template::bare(nonce), goal };
        assert_all_find_the_same(&work, start >> digits, length.min(300 << goal_bits(goal)));
    }

    #[test]
    fn all_kernels_find_the_same_in_headers(
        header: [u8; 32],
        limit: [u8; 32],
        start in 0..1_u64 << 32,
        length in 0..400_u64,
    ) {
        let mut before = [0; HEADER_WITHOUT_NONCE];
        before[..32].copy_from_slice(&header);
        before[44..].copy_from_slice(&header);
        assert_all_find_the_same(&Work::header(&before, limit), start, length);
    }
}

/// Returns how rare solutions are, so that a test does not find too many.
fn goal_bits(goal: Goal) -> u16 {
    match goal {
        Goal::LeadingZeroBits(bits) | Goal::TrailingZeroBits(bits) => bits.min(4),
        Goal::ExactlyLeadingZeroBits(_)
        | Goal::ExactlyLeadingZeroDigits(_)
        | Goal::ZeroBitsAfterFirstOne(_)
        | Goal::ExactlyZeroBitsAfterFirstOne(_)
        | Goal::AtMost(_) => 0,
    }
}
