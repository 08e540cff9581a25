//! Blocks of the published program.

use althing_ledger::{
    Anything, Block, Cs60Block, DifficultyRule, Entry, HexDigits, Invalid, Ledger, Outcome,
    Preimage, Proposal, Rules, Semantic, Target,
};
use althing_text::python_value::loads_bytes;
use althing_types::{BlockHash, Height, UnixTime};
use serde_json::Value;

use crate::common::easy;

fn published() -> Rules {
    Rules { difficulty: DifficultyRule::CubeRoot { least: 3 }, ..easy() }
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/cs60-blocks.json")).expect("JSON")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn block(json: &str) -> Cs60Block {
    let fields: Value = serde_json::from_str(json).expect("a block is JSON");
    let block = Cs60Block {
        height: Height::new(fields["_index"].as_u64().expect("a number")),
        parent: Cs60Block::parse_parent(text(&fields["_prev_hash"])).expect("a hash"),
        datum: Entry::text(text(&fields["_data"])),
        nonce: fields["_nonce"].as_u64().expect("a number"),
        odd: None,
    };
    assert_eq!(block.to_json(), json, "as the program writes it");
    block
}

#[test]
fn the_blocks_of_the_program_are_valid_and_those_beside_them_are_not() {
    let vectors = vectors();
    let mut ledger = Ledger::new(published(), Box::new(Anything));
    let genesis = block(text(&vectors["genesis"]["json"]));
    assert_eq!(genesis, Cs60Block::genesis());
    assert_eq!(
        ledger.tip().map(|tip| tip.hash.to_string()).as_deref(),
        vectors["genesis"]["hash"].as_str()
    );

    // A block that is refused comes after the one that is found, on the same parent.
    let blocks = vectors["vectors"].as_array().expect("a list");
    let mut accepted = 0;
    for vector in blocks {
        let block = Block::Cs60(block(text(&vector["preimage"])));
        let hash: BlockHash = text(&vector["hash"]).parse().expect("a hash");
        assert_eq!(block.hash_after(None), hash);
        let digits = vector["difficulty_hex_zeros"].as_u64().expect("a number");
        let digits = u8::try_from(digits).ok().and_then(HexDigits::new).expect("at most 64");
        if vector["accept"] == true {
            assert!(matches!(ledger.add(block), Ok(Outcome::Adopted(_))));
            accepted += 1;
        } else {
            let wanted = Target::LeadingZeros(digits);
            let error = Invalid::Semantic(Semantic::WorkTooLow { hash, wanted });
            assert_eq!(ledger.add(block), Err(error));
        }
    }
    assert_eq!((accepted, ledger.length()), (7, 8));
}

#[test]
fn the_difficulty_is_the_one_of_the_program() {
    let rule = DifficultyRule::CubeRoot { least: 3 };
    let vectors = vectors();
    for (index, digits) in vectors["difficulty_by_index"].as_object().expect("by index") {
        let height = Height::new(index.parse().expect("a number"));
        let digits = u8::try_from(digits.as_u64().expect("a number")).expect("a small one");
        let target = HexDigits::new(digits).map(Target::LeadingZeros);
        let block = Block::Cs60(Cs60Block { height, ..Cs60Block::genesis() });
        assert_eq!(rule.stated(&block), target, "index {index}");
    }
}

#[test]
fn a_datum_that_looks_like_a_nonce_does_not_mislead_the_miner() {
    let mut ledger = Ledger::new(easy(), Box::new(Anything));
    for datum in [r#"", "_nonce": 7, "_prev_hash": ""#, "\\\"_nonce\": 8,", "é\u{1}"] {
        let entries = vec![Entry::text(datum)];
        let proposal = Proposal { miner: "", now: UnixTime::default(), entries };
        let template = ledger.template(proposal).expect("one datum is a block");
        let Block::Cs60(block) = template.with_nonce(12) else { panic!("a block of cs60") };
        let Preimage::Decimal { before, after } = template.preimage(0) else { panic!("text") };
        let json = [&before[..], b"12", &after].concat();
        assert_eq!(String::from_utf8(json), Ok(block.to_json()));
        assert!(matches!(ledger.add(Block::Cs60(block)), Ok(Outcome::Adopted(_))));
    }
}

#[test]
fn a_block_stands_after_its_parent_whatever_it_states_and_the_longest_chain_counts() {
    let mut ledger = Ledger::new(published_easily(), Box::new(Anything));
    let child = |parent: &BlockHash, index: u64| {
        let (height, parent) = (Height::new(index), Some(*parent));
        let meets = |block: &Block| block.hash_after(None).to_string().starts_with("00");
        (0..)
            .map(|nonce| Cs60Block { height, parent, nonce, ..Cs60Block::genesis() })
            .map(Block::Cs60)
            .find(meets)
            .expect("one in 256 is")
    };
    let genesis = ledger.tip().expect("a genesis").hash;
    let honest = child(&genesis, 1);
    assert!(matches!(ledger.add(honest.clone()), Ok(Outcome::Adopted(_))));
    // Two blocks that state the least difficulty are longer than one that states more.
    let first = child(&genesis, 0);
    let second = child(&first.hash_after(None), 0);
    let third = child(&second.hash_after(None), 1);
    let json = |block: &Block| match block {
        Block::Cs60(block) => block.to_json(),
        _ => unreachable!("they are of cs60"),
    };
    let stated: Vec<String> = [&first, &second, &third].map(json).into();
    for block in [first, second, third] {
        ledger.add(block).expect("the program accepts it");
    }
    assert_eq!(ledger.length(), 4);
    let kept: Vec<_> = ledger.blocks_from(Height::new(1)).collect();
    let heights: Vec<u64> = kept.iter().map(|block| block.height().number()).collect();
    assert_eq!(heights, [1, 2, 3]);
    assert_eq!(kept.iter().map(|block| json(block)).collect::<Vec<_>>(), stated);
    // A block that states a difficulty has to meet it.
    let tip = ledger.tip().expect("a chain").hash;
    let lazy = child(&tip, 64);
    assert!(matches!(ledger.add(lazy), Err(Invalid::Semantic(Semantic::WorkTooLow { .. }))));
}

fn published_easily() -> Rules {
    Rules { difficulty: DifficultyRule::CubeRoot { least: 1 }, ..easy() }
}

#[test]
fn what_a_block_states_in_its_own_way_is_kept_as_it_is() {
    let values = ["null", "5", r#""5""#, "[true]"]
        .map(|json| loads_bytes(json.as_bytes()).expect("it is JSON"));
    let mut seen = Vec::new();
    for datum in &values {
        for index in &values {
            let block = Cs60Block::stating(index, &values[1], None, datum);
            let kept = postcard::to_allocvec(&block).expect("it is plain");
            assert_eq!(postcard::from_bytes(&kept), Ok(block.clone()));
            seen.push((block.to_json(), kept));
        }
    }
    seen.sort();
    seen.dedup_by(|(one, first), (other, second)| one == other || first == second);
    assert_eq!(seen.len(), 16, "each is another block");
    assert!(seen[0].0.contains(r#""_data": "5""#), "{}", seen[0].0);
}
