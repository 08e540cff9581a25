use crate::puzzle::Puzzle;

/// The bytes that are hashed for a candidate, with SHA-1's padding around them, and the way to
/// the next candidate's.
///
/// All three puzzles write their candidates as digits, with the highest first: in base 256, in
/// base 10, in base 94. So the next message is the last one with one digit changed, or, where
/// digits run over, a few.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    puzzle: Puzzle,
    index: u64,
    /// What each digit is written as.
    symbols: &'static [u8],
    digits: [u8; Message::LENGTH_MAX],
    /// The digits as written, the end mark, and zeros.
    written: [u8; Message::HEAD],
    length: usize,
}

/// A message in the only block that SHA-1 needs for it.
pub(crate) type Block = [u8; 64];

impl Message {
    /// Bytes of the longest message: the digits of 2^64.
    const LENGTH_MAX: usize = 20;
    /// Bytes at the start of a block that differ from message to message.
    const HEAD: usize = 24;
    /// What SHA-1 puts after a message.
    const END: u8 = 0x80;

    /// Returns the message of the candidate at `index`.
    pub(crate) fn of(puzzle: Puzzle, index: u64) -> Self {
        let symbols = symbols(puzzle);
        let (length, mut rest) = place(puzzle, index);
        let radix = u64::try_from(symbols.len()).expect("at most 256 symbols");

        let mut digits = [0; Self::LENGTH_MAX];
        let mut written = [0; Self::HEAD];
        for (digit, byte) in digits.iter_mut().zip(&mut written).take(length).rev() {
            *digit = u8::try_from(rest % radix).expect("a digit of at most 256 symbols");
            *byte = symbols[usize::from(*digit)];
            rest /= radix;
        }
        written[length] = Self::END;
        Self { puzzle, index, symbols, digits, written, length }
    }

    /// Writes this message and those after it into `blocks`, one into each, and moves on to the
    /// one after those. All blocks must be zero, or written by an earlier call.
    pub(crate) fn write_run(&mut self, blocks: &mut [Block]) {
        let mut rest = blocks;
        while !rest.is_empty() {
            let alike = self.alike().min(rest.len());
            let (now, later) = rest.split_at_mut(alike);
            self.write_alike(now);
            self.advance(alike);
            rest = later;
        }
    }

    /// Returns the bytes of the message.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.written[..self.length]
    }

    /// Returns how many messages, from this one on, differ from it in the last digit only.
    fn alike(&self) -> usize {
        match self.length.checked_sub(1) {
            Some(last) => self.symbols.len() - usize::from(self.digits[last]),
            None => 1,
        }
    }

    /// Writes this message and those that differ from it in the last digit only.
    fn write_alike(&self, blocks: &mut [Block]) {
        let bits = u8::try_from(8 * self.length).expect("at most 20 bytes");
        for block in &mut *blocks {
            block[..Self::HEAD].copy_from_slice(&self.written);
            block[63] = bits;
        }
        if let Some(last) = self.length.checked_sub(1) {
            let symbols = &self.symbols[usize::from(self.digits[last])..];
            for (block, symbol) in blocks.iter_mut().zip(symbols) {
                block[last] = *symbol;
            }
        }
    }

    /// Moves on by `count` messages, no more than are [`Self::alike`].
    fn advance(&mut self, count: usize) {
        self.index += u64::try_from(count).expect("a run is short");
        let mut step = count;
        for place in (0..self.length).rev() {
            let digit = usize::from(self.digits[place]) + step;
            if let Some(symbol) = self.symbols.get(digit) {
                self.digits[place] = u8::try_from(digit).expect("below 256 symbols");
                self.written[place] = *symbol;
                return;
            }
            self.digits[place] = 0;
            self.written[place] = self.symbols[0];
            step = 1;
        }
        // All digits ran over: the next message has one more.
        *self = Self::of(self.puzzle, self.index);
    }
}

const DECIMAL: [u8; 10] = *b"0123456789";
const TEXT: [u8; 94] = *b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\
    !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~0123456789";
const BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut byte = u8::MAX;
    while byte > 0 {
        bytes[byte as usize] = byte;
        byte -= 1;
    }
    bytes
};

/// Characters of the shortest text that is tried.
const TEXT_LENGTH_MIN: u32 = 4;

/// Returns what the digits 0, 1, 2 .. of a puzzle's messages are written as.
const fn symbols(puzzle: Puzzle) -> &'static [u8] {
    match puzzle {
        Puzzle::Sha1Integer => &BYTES,
        Puzzle::Sha1Decimal => &DECIMAL,
        Puzzle::Sha1Text => &TEXT,
    }
}

/// Returns how many digits the message at `index` has, and where it stands among those of so many.
fn place(puzzle: Puzzle, index: u64) -> (usize, u64) {
    let (length, rest) = match puzzle {
        // Numbers have no digit that could be left out; zero is no byte, but one decimal digit.
        Puzzle::Sha1Integer => ((u64::BITS - index.leading_zeros()).div_ceil(8), index),
        Puzzle::Sha1Decimal => (index.checked_ilog10().unwrap_or(0) + 1, index),
        // Texts may begin with any symbol, so all of one length come before the next.
        Puzzle::Sha1Text => {
            let (mut length, mut rest) = (TEXT_LENGTH_MIN, index);
            while let Some(shorter) = 94_u64.checked_pow(length).filter(|texts| rest >= *texts) {
                rest -= shorter;
                length += 1;
            }
            (length, rest)
        }
    };
    (usize::try_from(length).expect("at most 20 digits"), rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PUZZLES: [Puzzle; 3] = [Puzzle::Sha1Integer, Puzzle::Sha1Decimal, Puzzle::Sha1Text];

    /// Returns the first indexes whose messages have one byte more than those before.
    fn boundaries(puzzle: Puzzle) -> Vec<u64> {
        match puzzle {
            Puzzle::Sha1Integer => (0..8).map(|length| 256_u64.pow(length)).collect(),
            Puzzle::Sha1Decimal => (1..20).map(|length| 10_u64.pow(length)).collect(),
            Puzzle::Sha1Text => (5..=10)
                .map(|length| (4..length).map(|shorter| 94_u64.pow(shorter)).sum())
                .collect(),
        }
    }

    /// Asserts that the messages of `count` indexes from `start` on are the same, whether they
    /// are made one by one or each from the one before.
    fn assert_a_run_is_its_messages(puzzle: Puzzle, start: u64, count: usize) {
        let mut blocks = vec![[0; 64]; count];
        Message::of(puzzle, start).write_run(&mut blocks);
        for (offset, block) in (0..).zip(blocks) {
            let index = start + offset;
            let message = Message::of(puzzle, index);
            let length = message.bytes().len();
            assert_eq!(block[..length], *message.bytes(), "{puzzle:?} {index}");
            assert_eq!(block[length], 0x80);
            assert!(block[length + 1..63].iter().all(|&byte| byte == 0));
            assert_eq!(usize::from(block[63]), 8 * length);
        }
    }

    #[test]
    fn messages_grow_by_a_byte_at_each_boundary() {
        for puzzle in PUZZLES {
            for boundary in boundaries(puzzle) {
                let length = |index| Message::of(puzzle, index).bytes().len();
                assert_eq!(length(boundary), length(boundary - 1) + 1, "{puzzle:?} {boundary}");
                assert_a_run_is_its_messages(puzzle, boundary.saturating_sub(300), 500);
            }
            assert_a_run_is_its_messages(puzzle, u64::MAX - 300, 300);
        }
    }

    #[test]
    fn messages_are_what_their_puzzle_hashes() {
        assert_eq!(Message::of(Puzzle::Sha1Integer, 0).bytes(), b"");
        assert_eq!(Message::of(Puzzle::Sha1Integer, 256).bytes(), [1, 0]);
        assert_eq!(Message::of(Puzzle::Sha1Decimal, 0).bytes(), b"0");
        assert_eq!(Message::of(Puzzle::Sha1Decimal, 256).bytes(), b"256");
        assert_eq!(Message::of(Puzzle::Sha1Text, 256).bytes(), b"aac;");
    }

    proptest! {
        #[test]
        fn a_run_is_its_messages(start in 0..u64::MAX - 600, which in 0..3_usize) {
            assert_a_run_is_its_messages(PUZZLES[which], start, 600);
        }
    }
}
