//! What is said of profiles whose values do not go together.

use crate::profile::{built_in, read};

#[test]
fn what_does_not_go_together_is_explained_with_its_key() {
    for (text, expected) in [
        ("name = \" \"", "name: a profile needs a name"),
        ("wire.qos = 3", "wire.qos: 3 is not 0, 1 or 2"),
        ("wire.retain = [\"ballot\"]", "the network has no message \"ballot\""),
        ("topics.prefix = \"a{room}/\"", "{room} means nothing here; there is {session}"),
        ("topics.init = \"a/+\"", "'+' means something else in a topic"),
        ("topics.vote = \"init\"", "another message has the topic \"init\" as well"),
        ("topics.ballot = \"b\"", "the topic has a name, but its messages no fields"),
        ("fields.ballot = [[\"id\", \"a\"], [\"yes\", \"b\"]]", "have fields, but no topic"),
        ("fields.init = [[\"tx\", \"T\"]]", "the role \"tx\", which means nothing"),
        ("fields.vote = [[\"id\", \"A\"], [\"vote\", \"A\"]]", "two fields have the name"),
        ("fields.init = []\ntopics.init = \"\"", "every network has such messages"),
        ("id = { lo = 2, hi = 1 }", "id.lo: 2 is more than 1"),
        ("id = { kind = \"time-ns\", lo = 2, hi = 1 }", "id.lo: 2 is more than 1"),
        ("id = { lo = 5, hi = 6 }", "id.hi: from 5 to 6 there are not enough ids for 3 members"),
        ("name = \"a\\u001b[2J\"", "name: it is shown on terminals"),
        ("names.id = \"a\\u0007\"", "no control characters"),
        ("election.rule = \"plurality\"", "write vote.kind = \"member\""),
        ("election.rule = \"largest-target\"", "write vote.kind = \"member\""),
        ("vote = { kind = \"member\", later = \"draw\" }", "vote.later: where vote.kind is"),
        ("base = \"elect-chain\"\njoin.n = 3\njudge.bound = \"2 of next 10\"", "never come of 3"),
        ("base = \"elect-chain\"\njoin.n = 3\njudge.bound = \"4 of next N\"", "4 yes of 3 votes"),
        ("fields.init = [[\"id\", \"I\"], [\"key\", \"K\"]]", "peers have no keys"),
        ("base = \"sequel\"\nfields.init = [[\"id\", \"I\"], [\"key\", \"K\"]]", "said once"),
        (
            "base = \"sequel\"\nwire.payload = \"slash-text\"\nsign.key = \"pem\"",
            "sign.key: a slash",
        ),
        (
            "wire.payload = \"slash-text\"\npuzzle.candidate = \"printable*9\"",
            "a slash ends a field",
        ),
        (
            "wire.payload = \"slash-text\"\n\
             fields.init = [[\"id\", \"I\"], [\"const\", \"k\", \"a/b\"]]",
            "\"a/b\" has one",
        ),
        ("topics.result = \"a{solver}b\"", "alone between slashes"),
        ("topics.result = \"{solver}/{solver}\"", "stands there once"),
        ("topics.result = \"{solver}\"", "the topic \"init\" of another message"),
        ("base = \"ppd\"\npuzzle.secret = true", "only the leader can tell"),
        (
            "puzzle.secret = true\nfields.result = [[\"solver\", \"I\"], [\"result\", \"R\"]]",
            "fields.result: where only the leader",
        ),
        ("leader.d = [0, 5]", "leader.d: [0, 5] is no range between 1 and 160"),
        ("leader.d = [1, 41]\npuzzle.zeros = \"hex\"", "between 1 and 40"),
        ("join.n = 1001", "a network has 1 to 1000 members"),
        ("join.min = 2", "it means nothing unless join.wait has a time"),
        ("join.announce = 2\njoin.send_exactly_once = true", "cannot be repeated"),
        ("election.announced = true", "add topics.coordinator"),
        ("judge.by = \"all\"", "fields.ballot: where judge.by is \"all\""),
        ("judge.result.wrong = 1", "1 says that a solution is right"),
        ("puzzle.input = \"{tx}\"", "there is no value \"{tx}\""),
        ("puzzle.bytes = \"int-le-8\"", "write type = \"int\""),
        ("puzzle.candidate = \"x\"", "all candidates would be the same"),
        ("puzzle.candidate = \"lower*3\"", "3 characters of 26 are too few texts"),
        ("puzzle.candidate = \"abc*10\"", "\"abc\" is no alphabet; there are alnum, letters"),
        ("puzzle.candidate = \"alnum*256\"", "a solution has at most 128 bytes"),
        ("puzzle.candidate = \"alnum*\"", "after the alphabet comes a length"),
        ("id.kind = \"uuid\"\npuzzle.candidate = \"{id}{id}{id}{n}\"", "could have 137"),
        ("puzzle.candidate = \"{who}\"", "{who} means nothing here"),
        ("sign.alg = \"rsa-pkcs1-sha256\"", "name the messages that are signed"),
        ("wire.transport = \"amqp\"\namqp.queue = \"q\"", "has {exchange} in it"),
        (
            "wire.transport = \"amqp\"\ntopics.result = \"{solver}/result\"",
            "only MQTT has a topic for each peer",
        ),
        ("network = \"aviary\"\naviary.difficulty = 65", "a hash has 64 hexadecimal digits"),
        (
            "network = \"aviary\"\naviary.alias = { miner = \"mined_by\" }",
            "aviary.alias: \"mined_by\" is no field of a block; those are [\"height\", ",
        ),
        ("network = \"cs60\"\ncs60.zeros = 64", "a hash has 64 hexadecimal digits"),
    ] {
        let error = read("mine.toml", text, &built_in::base).expect_err(text).to_string();
        assert!(error.starts_with("mine.toml:"), "{error}");
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn texts_and_fields_without_end_are_refused() {
    let long = "x".repeat(300);
    let name = format!("fields.init = [[\"id\", \"{long}\"]]");
    let many: Vec<String> = (0..40).map(|it| format!("[\"const\", \"c{it}\", 1]")).collect();
    let fields = format!("fields.init = [[\"id\", \"I\"], {}]", many.join(", "));
    for (text, expected) in
        [(name, "300 bytes are more than the 256"), (fields, "41 fields are more than 32")]
    {
        let error = read("mine.toml", &text, &built_in::base).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}
