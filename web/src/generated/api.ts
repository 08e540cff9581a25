// Generated from docs/openapi.json by `npm run types`.

export interface paths {
    "/v1/node": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What runs in this process. */
        get: operations["getNode"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/peers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How things stand with each peer of this process. */
        get: operations["listPeers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/peers/{peer}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How things stand with a peer. */
        get: operations["getPeer"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How things stand with a peer; with the first if none is named, the only one outside of demos. */
        get: operations["getStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Rows of the table, in networks with rounds. */
        get: operations["listRows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rows/{row}/certificate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What decided a row: the signed votes of its members. */
        get: operations["getCertificate"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/blocks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Blocks of the best chain, in networks with a chain. */
        get: operations["listBlocks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/blocks/{height}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A block of the best chain. */
        get: operations["getBlock"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/blocks/{height}/entries/{place}/proof": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What shows that an entry is in a block: the header with a Merkle path, or the block. */
        get: operations["getProof"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Entries of the best chain, from those of the block at a height on. A page ends with a block, so it may have more than were asked for. */
        get: operations["listEntries"];
        put?: never;
        /** Gets an entry into the chain, and waits until it is there: for as long as it takes to mine the blocks that make it hard to undo. */
        post: operations["addEntry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/charter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the members of an assembly have agreed on, as a document. */
        get: operations["getCharter"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ballots": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ballots in the chain, in networks that hold ballots, from those of the block at a height on. A page ends with a block. */
        get: operations["listBallots"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tally": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The ballots in the chain, counted, in networks that hold ballots. */
        get: operations["getTally"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/what-if": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Which blocks would no longer be valid if one byte of a block were another. Nothing is changed. */
        post: operations["whatIf"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What happens, from a record on and then live: server-sent events whose data are records, or lines of JSON where the request accepts application/x-ndjson. A reader that is too slow is told how many it has missed. */
        get: operations["followEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/demo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the network of a demo stands. */
        get: operations["getDemo"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/demo/actions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Does something to the network of a demo. */
        post: operations["act"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/demo/faults/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Undoes a fault of the network of a demo. */
        delete: operations["undo"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Numbers for Prometheus, which docs/metrics.md describes. */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether each peer of the process runs. With status 503 it says what to do. */
        get: operations["isAlive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether each peer of the process can do what it is for. With status 503 it says what to do. */
        get: operations["isReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Why a request is refused. */
        Problem: {
            /** @description What identifies the kind of problem: always `about:blank`, since `code` does. */
            type: string;
            /** @description The kind of problem, in words. */
            title: string;
            /**
             * Format: uint16
             * @description The status of the answer.
             */
            status: number;
            /** @description What is wrong, and what to do, as a sentence. */
            detail: string;
            /** @description The kind of problem, for programs. */
            code: components["schemas"]["Code"];
        };
        /** @description The kind of a problem. A code keeps its meaning; new ones may be added. */
        Code: "invalid_request" | "unauthorized" | "forbidden" | "forbidden_origin" | "not_found" | "wrong_network" | "method_not_allowed" | "timeout" | "conflict" | "gone" | "too_large" | "unsupported_media_type" | "senseless" | "too_many" | "internal" | "busy" | "unknown";
        /** @description A process with one or more peers. */
        Node: {
            /** @description The version of the program. */
            version: string;
            /** @description What the process does. */
            mode: components["schemas"]["Mode"];
            /** @description The network, by the name of its dialect; missing where there is none, as with a tracker. */
            network?: string | null;
            /** @description The rules that all peers of the network share, as in the first line of an exported chain. */
            rules?: unknown;
            /** @description The name of the profile of other people's programs that it follows, if it follows one. */
            profile?: string | null;
            /**
             * Format: date-time
             * @description When the process began: RFC 3339 in UTC.
             */
            started: string;
            /** @description The peers that run in it, in the order in which they were started. */
            peers: components["schemas"]["PeerName"][];
            /**
             * Format: uint64
             * @description The number of the oldest record that it still keeps.
             */
            first_sequence: number;
            /**
             * Format: uint64
             * @description The number of the next record.
             */
            next_sequence: number;
            /** @description What it can be asked. */
            can: components["schemas"]["Abilities"];
        };
        /** @description What a process does. */
        Mode: "demo" | "peer" | "watch" | "stratum" | "tracker";
        /** @description The name of a peer: its id in a network with rounds, its address in one with a chain. */
        PeerName: components["schemas"]["Id"] | string;
        Id: string;
        /** @description What can be asked of a process. Where something is false, the endpoint answers with a problem. */
        Abilities: {
            /** @description To get an entry into the chain. */
            submit: boolean;
            /** @description To do things to the network, as in a demo. */
            control: boolean;
            /** @description To list the entries of the chain. */
            entries: boolean;
            /** @description To list the rows of the table. */
            table: boolean;
            /** @description To list the blocks of the chain, and to say what an edited one would break. */
            blocks: boolean;
            /** @description To count the ballots in the chain. */
            tally: boolean;
        };
        /** @description The peers of a process. */
        Peers: {
            /** @description How things stand with each, in the order in which they were started. */
            items: components["schemas"]["PeerStatus"][];
        };
        /** @description How things stand with a peer. */
        PeerStatus: {
            /**
             * Format: date-time
             * @description When this was so: RFC 3339 in UTC, with milliseconds.
             */
            time: string;
            /** @description The network, by the name of its dialect. */
            network: string;
            /** @description The peer. */
            peer: components["schemas"]["PeerName"];
            /**
             * Format: uint64
             * @description Messages that have arrived.
             */
            received: number;
            /**
             * Format: uint64
             * @description Those of them that were refused.
             */
            refused: number;
            /**
             * Format: uint64
             * @description Hashes that it has tried in its own searches.
             */
            hashes: number;
            /** @description The running timers, by kind, the first first. */
            due: components["schemas"]["Due"][];
        } & (components["schemas"]["RoundsStatus"] | components["schemas"]["ChainStatus"] | components["schemas"]["AssemblyStatus"]);
        /** @description How things stand in a network with rounds. */
        RoundsStatus: {
            /**
             * Format: uint64
             * @description Rows in its table.
             */
            rows: number;
            /** @description The members, in order. */
            members: components["schemas"]["Id"][];
            /** @description What peers are called, by their ids; missing if none has a name. */
            names?: {
                [key: string]: string;
            };
            /** @description The members that it has not heard for long. */
            silent: components["schemas"]["Id"][];
            /**
             * Format: uint64
             * @description The term.
             */
            term: number;
            /** @description The leader of the term, if it knows one. */
            leader: components["schemas"]["Id"] | null;
            /**
             * Format: uint16
             * @description The difficulty of the open challenge in bits, if one is open.
             */
            challenge: number | null;
            /** @description Whether another copy of it has spoken, so that it is silent for good. */
            copied: boolean;
            /** @description The members that have contradicted themselves. */
            equivocating: components["schemas"]["Id"][];
            /** @description What it waits for, if it does. */
            waiting: components["schemas"]["Waits"] | null;
        };
        /** @description What a peer waits for: as in the event `waiting`, and in words. */
        Waits: {
            /** @description The same as a sentence for people, which may change. */
            sentence: string;
        } & ({
            /** @constant */
            for: "peers";
            /**
             * Format: uint
             * @description Peers that can be heard, this one included.
             */
            here: number;
            /**
             * Format: uint
             * @description Peers that are needed.
             */
            needed: number;
        } | {
            /** @constant */
            for: "adoption";
            /**
             * Format: uint
             * @description Members that have agreed, this peer included if it has.
             */
            here: number;
            /**
             * Format: uint
             * @description Members that are needed.
             */
            needed: number;
            /** @description Those that have not. */
            missing: components["schemas"]["Id"][];
        } | {
            /** @constant */
            for: "majority";
            /**
             * Format: uint
             * @description Members that can be heard, this one included.
             */
            here: number;
            /**
             * Format: uint
             * @description Members that are needed.
             */
            needed: number;
        } | {
            /** @constant */
            for: "leader";
            /**
             * Format: uint
             * @description Members that take part, this peer included if it does.
             */
            here: number;
            /**
             * Format: uint
             * @description Members that are needed.
             */
            needed: number;
            /**
             * @description Those that do not: they cannot be heard, are not confirmed after a restart, or have
             *     heard a copy of themselves.
             */
            missing: components["schemas"]["Id"][];
        } | {
            /** @constant */
            for: "challenge";
            /** @description The leader. */
            leader: components["schemas"]["Id"];
            /**
             * Format: uint64
             * @description The row.
             */
            transaction: number;
        } | {
            /** @constant */
            for: "votes";
            /**
             * Format: uint64
             * @description The row.
             */
            transaction: number;
            /**
             * Format: uint
             * @description Members that have said yes in this term.
             */
            here: number;
            /**
             * Format: uint
             * @description Members that are needed.
             */
            needed: number;
            /** @description Those that have not. */
            missing: components["schemas"]["Id"][];
        } | {
            /** @constant */
            for: "secret";
            /**
             * Format: uint64
             * @description The first row that is not recorded.
             */
            transaction: number;
        } | {
            /** @constant */
            for: "confirmation";
            /**
             * Format: uint
             * @description Members that have answered.
             */
            here: number;
            /**
             * Format: uint
             * @description Members that are needed.
             */
            needed: number;
            /** @description Those that have not. */
            missing: components["schemas"]["Id"][];
        } | {
            /** @constant */
            for: "copied";
        } | {
            /** @constant */
            for: "missed";
            /**
             * Format: uint64
             * @description The first row that is not recorded.
             */
            transaction: number;
        } | {
            /** @constant */
            for: "messages";
            /**
             * Format: uint64
             * @description The first row that is not recorded.
             */
            transaction: number;
        });
        /** @description How things stand in a network with a chain. */
        ChainStatus: {
            /**
             * Format: uint64
             * @description Blocks in its chain.
             */
            blocks: number;
            /** @description The hash of the last of them, if there is one. */
            tip: string | null;
            /**
             * Format: uint64
             * @description The height of the last of them, if there is one.
             */
            height: number | null;
            /** @description The addresses of the peers that it knows. */
            peers: string[];
            /**
             * Format: uint
             * @description Entries that wait for a block.
             */
            mempool: number;
            /** @description Whether it mines. */
            mining: boolean;
            /**
             * Format: uint64
             * @description The height of the block that it searches for, if it does.
             */
            searching: number | null;
            /** @description Whether it has met its network, as far as it can know; before, it does not mine. */
            joined: boolean;
        };
        /** @description How things stand in an assembly. */
        AssemblyStatus: {
            /** @description The hash of the charter, which is the id of the chain. */
            chain: string;
            /** @description The members, in the order of the charter. */
            members: components["schemas"]["CharterMember"][];
            /**
             * Format: uint
             * @description How many of them decide.
             */
            quorum: number;
            /** @description Why this peer takes no part in the votes, if it does not. */
            observing: components["schemas"]["Observer"] | null;
            /** @description The members that it has not heard for long. */
            silent: components["schemas"]["Id"][];
            /**
             * Format: uint64
             * @description The view.
             */
            view: number;
            /** @description The member that was drawn to lead it. */
            leader: components["schemas"]["Id"];
            /**
             * Format: uint64
             * @description The height of the last committed block; 0 is that of the genesis, which is not kept.
             */
            height: number;
            /** @description The hash of that block. */
            tip: string;
            /**
             * Format: uint
             * @description Entries that wait for a block.
             */
            mempool: number;
            /**
             * Format: uint64
             * @description The height of the block that it searches for, if it does.
             */
            searching: number | null;
            /** @description What proves that members have contradicted themselves; one for each. */
            contradictions: components["schemas"]["Contradiction"][];
        };
        /** @description A member of a charter. */
        CharterMember: {
            /** @description Its id: the first half of its key. */
            id: components["schemas"]["Id"];
            /** @description Its name, which no other member has. */
            name: string;
        };
        /** @description Why a peer takes no part in the votes. */
        Observer: "not_a_member" | "disk_lost" | "copied";
        /** @description Two things that a member has said, signed, of which no honest one says both. */
        Contradiction: {
            /** @description The member. */
            member: components["schemas"]["Id"];
            /** @description One of them. */
            first: components["schemas"]["Word"];
            /** @description The other one. */
            second: components["schemas"]["Word"];
        };
        /** @description Something that a member has said, signed. */
        Word: {
            /** @description What it is, in words. */
            statement: string;
            /** @description The signature under it, in hexadecimal digits. */
            signature: string;
        };
        /** @description What a peer does next, of one kind. */
        Due: {
            /**
             * Format: double
             * @description In how many milliseconds the first of them is due; 0 if it is late.
             */
            in_ms: number;
            /** @description What it does then, in words. */
            what: string;
            /**
             * Format: uint64
             * @description How many of that kind there are.
             */
            times: number;
        };
        /** @description A page of a list. */
        PageOfRow: {
            /**
             * @description The items, in order. There may be fewer than were asked for before the end, where they are
             *     large.
             */
            items: components["schemas"]["Row"][];
            /**
             * Format: uint64
             * @description What to ask for next as `from`; null after the last.
             */
            next: number | null;
            /**
             * Format: uint64
             * @description How many rows there are in all; of blocks and entries, how many blocks.
             */
            total: number;
        };
        /** @description A row of the table. */
        Row: {
            /**
             * Format: uint64
             * @description Its number.
             */
            transaction: number;
            /**
             * Format: uint16
             * @description The difficulty, in bits.
             */
            challenge: number;
            /** @description The text that solves the challenge. */
            seed: string;
            /** @description The peer that found it. */
            winner: components["schemas"]["Id"];
            /**
             * Format: uint
             * @description Votes for it that this peer had counted; others may have counted more or fewer.
             */
            yes: number;
            /**
             * Format: uint16
             * @description Votes against it that this peer had counted.
             */
            no: number;
        };
        /** @description What decided a row of the table: the signed votes of its members (rule R1). */
        Certificate: {
            /** @description The rules that all peers of the network share, as in `Node`. */
            rules: unknown;
            /** @description The row. */
            row: components["schemas"]["Row"];
            /**
             * Format: uint64
             * @description The term in which it was decided.
             */
            term: number;
            /**
             * @description What the voters knew of the starts of all members, which each of them has signed as well: 16
             *     hexadecimal digits, all zeros while no member has started a second time.
             */
            starts: string;
            /**
             * Format: uint64
             * @description How many votes of different members it takes.
             */
            needed: number;
            /** @description The members, in the order of their ids. */
            members: components["schemas"]["MemberKey"][];
            /** @description The votes for it. */
            votes: components["schemas"]["SignedVote"][];
        };
        /** @description A member and its key. */
        MemberKey: {
            /** @description The member. */
            peer: components["schemas"]["Id"];
            /** @description Its public key, in hexadecimal digits; null if it has none. */
            key: string | null;
        };
        /** @description A vote for a row. */
        SignedVote: {
            /** @description The member that has voted. */
            voter: components["schemas"]["Id"];
            /** @description Its signature under the vote, in hexadecimal digits; null where votes are not signed. */
            signature: string | null;
        };
        /** @description A page of a list. */
        PageOfBlock: {
            /**
             * @description The items, in order. There may be fewer than were asked for before the end, where they are
             *     large.
             */
            items: components["schemas"]["Block"][];
            /**
             * Format: uint64
             * @description What to ask for next as `from`; null after the last.
             */
            next: number | null;
            /**
             * Format: uint64
             * @description How many rows there are in all; of blocks and entries, how many blocks.
             */
            total: number;
        };
        /** @description A block of the best chain. */
        Block: {
            /**
             * Format: uint64
             * @description The number of blocks before it.
             */
            height: number;
            /** @description Its hash. */
            hash: string;
            /** @description The hash of the block before it; null of the first. */
            previous: string | null;
            /**
             * Format: uint64
             * @description The time that its miner states, in seconds since 1970, where blocks have one.
             */
            time?: number | null;
            /** @description The name that its miner states, where blocks have one. */
            miner?: string | null;
            /** @description How many hashes it takes on average to find it: a number in decimal. */
            work: string;
            /**
             * Format: double
             * @description How hard it is to find, in bits: the logarithm of its work.
             */
            difficulty: number;
            /** @description Its entries, in order. */
            entries: components["schemas"]["Entry"][];
            /**
             * @description What a quorum of the members has signed about it, in hexadecimal digits, where members
             *     commit blocks; missing if it was committed with a block after it.
             */
            certificate?: string | null;
            /**
             * Format: uint64
             * @description How many bytes it has as it is kept.
             */
            size: number;
            /** @description The block as it is kept, in hexadecimal digits. */
            bytes: string;
        };
        /** @description An entry of a chain. */
        Entry: {
            /**
             * Format: uint64
             * @description The height of the block that holds it.
             */
            height: number;
            /**
             * Format: uint64
             * @description Its place in that block, from 0 on.
             */
            place: number;
            /** @description Its text; of a signed one, what is signed. */
            text: string;
            /** @description The key of its author, where entries are signed. */
            author?: string | null;
            /** @description What the charter calls its author, if that is a member of an assembly. */
            name?: string | null;
            /** @description The application that it is for, where entries are signed. */
            application?: string | null;
            /**
             * Format: uint64
             * @description The time that its block states, in seconds since 1970, where blocks have one.
             */
            time?: number | null;
            /** @description Its hash, where entries are signed: no other entry of the chain has the same. */
            hash?: string | null;
        };
        /** @description What shows that an entry is in a block. */
        EntryProof: {
            /**
             * @description What this is: [`EntryProof::FORMAT`].
             * @default althing proof
             */
            format: string;
            /**
             * Format: uint32
             * @description The version of the format: [`EntryProof::VERSION`].
             * @default 1
             */
            version: number;
            /** @description The rules that all peers of the network share, as in `Node`. */
            rules: unknown;
            /**
             * Format: uint64
             * @description The height of the block.
             */
            height: number;
            /** @description The hash of the block. */
            hash: string;
            /**
             * Format: uint64
             * @description The place of the entry in the block, from 0 on.
             */
            place: number;
            /** @description The entry as it is kept, in hexadecimal digits. */
            entry: string;
            /** @description What ties it to the hash. */
            evidence: components["schemas"]["Evidence"];
        };
        /** @description What ties an entry to the hash of its block. */
        Evidence: {
            /** @constant */
            kind: "header";
            /** @description The header, in hexadecimal digits. */
            header: string;
            /**
             * Format: uint64
             * @description The place of the entry among the leaves, from 0 on; the first is the coinbase.
             */
            leaf: number;
            /** @description The hash beside it at each level, from the leaf up, in hexadecimal digits. */
            beside: string[];
        } | {
            /** @constant */
            kind: "block";
            /** @description The block as it is kept, in hexadecimal digits. */
            block: string;
            /** @description The hash of the block before it, if there is one: it is hashed as well. */
            previous: string | null;
        } | {
            /** @constant */
            kind: "certificate";
            /** @description The charter, as a document. Its hash is the id of the chain. */
            charter: string;
            /** @description The header of the block. */
            header: string;
            /**
             * Format: uint64
             * @description The place of the entry among the leaves, from 0 on; the first is the coinbase.
             */
            leaf: number;
            /** @description The hash beside the entry at each level, from the leaf up. */
            beside: string[];
            /** @description The coinbase of the block, which has its height and its view. */
            coinbase: string;
            /** @description The hash beside the coinbase at each level. */
            branch: string[];
            /** @description The headers of the blocks after it, up to the one that was finalized. */
            headers: string[];
            /** @description The certificate by which a quorum of the members has finalized that one. */
            certificate: string;
        };
        /** @description A page of a list. */
        PageOfEntry: {
            /**
             * @description The items, in order. There may be fewer than were asked for before the end, where they are
             *     large.
             */
            items: components["schemas"]["Entry"][];
            /**
             * Format: uint64
             * @description What to ask for next as `from`; null after the last.
             */
            next: number | null;
            /**
             * Format: uint64
             * @description How many rows there are in all; of blocks and entries, how many blocks.
             */
            total: number;
        };
        /** @description What has become of an entry. */
        Submitted: {
            /** @constant */
            answer: "added";
            /**
             * Format: uint64
             * @description The height of the block.
             */
            height: number;
            /**
             * Format: uint32
             * @description How often another block came first.
             */
            lost_races: number;
            /**
             * Format: uint64
             * @description How many blocks make it hard to undo, its own included.
             */
            confirmations: number;
            /** @description Whether another peer has the block, as far as is known. */
            held: boolean;
            /**
             * Format: uint64
             * @description The view in which the block was proposed, where members vote on blocks.
             */
            view?: number | null;
            /** @description The hash of the entry, by which it is found again, where entries are signed. */
            entry?: string | null;
        } | {
            /** @constant */
            answer: "invalid";
            /** @description The rule that it breaks. */
            reason: string;
        } | {
            /** @constant */
            answer: "doubted";
            /** @description Which name looks like which, and what to do if it is meant. */
            reason: string;
        } | {
            /** @constant */
            answer: "overtaken";
        };
        /** @description An entry that is to get into the chain. */
        NewEntry: {
            /** @description Its text, which the network may refuse. */
            text: string;
            /**
             * Format: uint64
             * @description How many blocks must make it hard to undo, its own included; as many as is usual in the
             *     network if this is not given.
             */
            confirmations?: number | null;
            /** @description Whether to give up when another block comes first, where peers mine their own entries alone. */
            once?: boolean;
            /**
             * @description Whether to add it even if its names look like others in the chain: it is meant as it is
             *     written.
             */
            as_written?: boolean;
        };
        /** @description What the members of an assembly have agreed on. */
        Charter: {
            /** @description Its hash, which is the id of the chain. */
            chain: string;
            /** @description The charter as a document, in TOML. */
            document: string;
        };
        /** @description A page of a list. */
        PageOfBallot: {
            /**
             * @description The items, in order. There may be fewer than were asked for before the end, where they are
             *     large.
             */
            items: components["schemas"]["Ballot"][];
            /**
             * Format: uint64
             * @description What to ask for next as `from`; null after the last.
             */
            next: number | null;
            /**
             * Format: uint64
             * @description How many rows there are in all; of blocks and entries, how many blocks.
             */
            total: number;
        };
        /** @description A ballot in a chain. */
        Ballot: {
            /**
             * Format: uint64
             * @description The height of the block that holds it.
             */
            height: number;
            /** @description The voter. */
            voter: string;
            /** @description The choice; null of a ballot without one, which uses up the vote of its voter. */
            choice: string | null;
        };
        /** @description The ballots in a chain, counted. */
        Tally: {
            /** @description The choices, the one with most votes first. */
            choices: components["schemas"]["Choice"][];
            /**
             * Format: uint64
             * @description How many have voted.
             */
            voters: number;
            /**
             * Format: uint64
             * @description The height of the last block that was counted; null if there is none.
             */
            height: number | null;
        };
        /** @description A choice with its votes. */
        Choice: {
            /** @description The choice. */
            choice: string;
            /**
             * Format: uint64
             * @description How many have made it.
             */
            votes: number;
        };
        /** @description What an [`Edit`] would do to the chain. */
        Effect: {
            /** @description The blocks that would no longer be valid, in order; at most a thousand of them. */
            broken: components["schemas"]["Broken"][];
            /**
             * Format: uint64
             * @description How many would no longer be valid in all.
             */
            total: number;
        };
        /** @description A block that would no longer be valid. */
        Broken: {
            /**
             * Format: uint64
             * @description Its height.
             */
            height: number;
            /**
             * @description The rule that it would break, by its number in `docs/protocol.md`; missing where it would
             *     not even be a block.
             */
            rule?: string | null;
            /** @description What would be wrong with it, in words. */
            reason: string;
        };
        /** @description A change to one byte of a block, in thought. */
        Edit: {
            /**
             * Format: uint64
             * @description The height of the block.
             */
            height: number;
            /**
             * Format: uint64
             * @description Which byte of it, as it is kept, counted from 0.
             */
            offset: number;
            /**
             * Format: uint8
             * @description Which bits of the byte to flip: 1 to 255.
             */
            xor: number;
        };
        /** @description An event with its number, its time, and the peer that reports it. As JSON it is one flat object. */
        Record: {
            /**
             * Format: uint64
             * @description The number of this record in its process, from 0 on, without holes.
             */
            sequence: number;
            /**
             * Format: date-time
             * @description When it was told, by the wall clock: RFC 3339 in UTC, with milliseconds.
             */
            time: string;
            /**
             * Format: double
             * @description Milliseconds since the process started, with microseconds after the point.
             */
            at_ms: number;
            /** @description The network, by the name of its dialect; missing where there is none, as with a tracker. */
            network?: string | null;
            /** @description The peer whose view this is; missing where there is none, as with miners. */
            peer?: components["schemas"]["PeerName"] | null;
            /** @description What the peers in this record are called, by their ids; missing if none of them has a name. */
            names?: {
                [key: string]: string;
            };
        } & (components["schemas"]["PeerEvent"] | components["schemas"]["RoundsEvent"] | components["schemas"]["ChainEvent"] | components["schemas"]["AssemblyEvent"] | components["schemas"]["MinersEvent"] | components["schemas"]["TrackerEvent"] | components["schemas"]["DemoEvent"] | components["schemas"]["SearchEvent"]);
        /** @description What can happen to any peer. */
        PeerEvent: {
            /** @constant */
            event: "started";
            /**
             * Format: uint64
             * @description Rows in its table from before, in a network with rounds.
             */
            rows?: number | null;
            /**
             * Format: uint64
             * @description Blocks in its chain from before, in a network with a chain.
             */
            blocks?: number | null;
            /**
             * Format: uint64
             * @description Blocks on disk that are not valid, in a network with a chain.
             */
            left_out?: number | null;
            /** @description Whether it only watches, and takes no seat; left out if it takes part. */
            watching?: boolean;
        } | {
            /** @constant */
            event: "connected";
        } | {
            /** @constant */
            event: "reachable";
            /** @description Where others reach it, as they say after `--contact`. */
            address: string;
        } | {
            /** @constant */
            event: "serving";
            /** @description Where, as in `http://127.0.0.1:8080`. */
            url: string;
        } | {
            /** @constant */
            event: "clock_set";
            /**
             * Format: int64
             * @description By how many milliseconds; less than zero if it was set back.
             */
            by_ms: number;
        } | {
            /** @constant */
            event: "slept";
            /**
             * Format: uint64
             * @description For so many seconds.
             */
            seconds: number;
        } | {
            /** @constant */
            event: "disconnected";
            /** @description The error, in words. */
            reason: string;
        } | {
            /** @constant */
            event: "peer_lost";
            /** @description The peer that is lost. */
            lost: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            event: "peer_heard";
            /** @description The peer. */
            heard: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            event: "message_refused";
            /** @description The sender it names, in a network with rounds. */
            claimed?: components["schemas"]["Id"] | null;
            /** @description The topic it came on, if its bytes are no message of the network. */
            topic?: string | null;
            /** @description The address it came from, in a network with a chain. */
            from?: string | null;
            /**
             * Format: uint64
             * @description How many were refused beyond twenty in one second, of which no more is told.
             */
            count?: number | null;
            /**
             * @description What was wrong with it, in snake case, as in `second_vote`; it does not change with the
             *     version. `further` where `count` is given.
             * @default
             */
            kind: string;
            /** @description The rule of `docs/protocol.md` that is behind it, where there is one. */
            rule?: string | null;
            /**
             * @description The first bytes, if they are no message of the network; what is not a letter, digit or
             *     sign is escaped as in a string of Python's.
             */
            bytes?: string | null;
            /** @description The same in words. */
            reason: string;
        } | {
            /** @constant */
            event: "network_overheard";
            /**
             * Format: uint
             * @description How many of them were heard; none of them is known to this network.
             */
            peers: number;
            /** @description How they speak, as in "as the published program". */
            speech: string;
            /** @description What to do to join them, as in "use --variant published". */
            advice: string;
        } | {
            /** @constant */
            event: "message_sent";
            /** @description The kind of the message, as in `vote`. */
            kind: string;
            /** @description The peer that it is for; missing if it is for all. */
            to?: components["schemas"]["PeerName"] | null;
        } | {
            /** @constant */
            event: "message_heard";
            /** @description The kind of the message, as in `vote`. */
            kind: string;
            /** @description The peer that has sent it, by its own word or by its address. */
            from: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            event: "peer_watched";
            /** @description The peer; missing for what names no sender. */
            watched?: components["schemas"]["PeerName"] | null;
            /** @description How many messages of each kind were heard of it. */
            said: {
                [key: string]: number;
            };
            /**
             * Format: uint64
             * @description How often it was elected.
             */
            led: number;
            /** @description The rules that it broke, if it is the peer that it said it is. */
            broken: components["schemas"]["BrokenRule"][];
        } | {
            /** @constant */
            event: "message_lost";
            /** @description The kind of the message, as in `vote`. */
            kind: string;
            /** @description The peer that has sent it. */
            from: components["schemas"]["PeerName"];
            /** @description The peer that it has not reached. */
            to: components["schemas"]["PeerName"];
            /** @description The fault: `partition`, `cut` or `lost`. */
            reason: string;
        } | {
            /** @constant */
            event: "messages_untold";
            /**
             * Format: uint64
             * @description How many of them, of all peers of the process together.
             */
            count: number;
        } | {
            /** @constant */
            event: "lagged";
            /**
             * Format: uint64
             * @description How many are missing.
             */
            missed: number;
        } | {
            /** @constant */
            event: "summary";
            /**
             * Format: uint64
             * @description Rows in its table, in a network with rounds.
             */
            rows?: number | null;
            /**
             * Format: uint64
             * @description Blocks in its chain, in a network with a chain.
             */
            blocks?: number | null;
            /** @description The hash of the last block, if there is one. */
            tip?: string | null;
            /**
             * Format: uint64
             * @description Messages that have arrived.
             */
            received: number;
            /**
             * Format: uint64
             * @description Messages that were refused.
             */
            refused: number;
            /**
             * Format: uint64
             * @description Hashes tried; not told of a demo.
             */
            hashes?: number | null;
        };
        /** @description A rule that a peer broke while it was watched. */
        BrokenRule: {
            /** @description What was wrong, in snake case, as in `second_vote`. */
            kind: string;
            /** @description The rule of `docs/protocol.md`, where there is one. */
            rule?: string | null;
            /**
             * Format: uint64
             * @description How often it was broken since the watching began.
             */
            count: number;
            /** @description The first time, in words. */
            example: string;
        };
        /** @description What can happen to a peer of a network with rounds. */
        RoundsEvent: {
            /** @constant */
            event: "peer_joined";
            /** @description The peer. */
            joined: components["schemas"]["Id"];
            /**
             * Format: uint
             * @description Peers known now, this one included.
             */
            known: number;
        } | {
            /** @constant */
            event: "peer_named";
            /** @description The peer. */
            named: components["schemas"]["Id"];
            /** @description Its name: a hint, since any peer may take any name. */
            name: string;
            /** @description Another peer whose name looks the same; only their ids tell them apart. */
            like?: components["schemas"]["Id"] | null;
        } | {
            /** @constant */
            event: "membership_settled";
            /** @description Their ids, in order. */
            members: components["schemas"]["Id"][];
            /** @description Whether this peer is one. */
            member: boolean;
        } | {
            /** @constant */
            event: "leader_elected";
            /** @description The leader. */
            leader: components["schemas"]["Id"];
            /**
             * Format: uint64
             * @description The term it leads in.
             */
            term: number;
            /** @description The number it had drawn; null if not known. */
            draw: components["schemas"]["Id"] | null;
            /**
             * @description What each member has drawn, as far as this peer knows.
             * @default []
             */
            draws: components["schemas"]["Draw"][];
        } | {
            /** @constant */
            event: "challenge_issued";
            /**
             * Format: uint64
             * @description The row it is for.
             */
            transaction: number;
            /**
             * Format: uint16
             * @description The difficulty, in bits.
             */
            challenge: number;
            /** @description The leader. */
            leader: components["schemas"]["Id"];
        } | {
            /** @constant */
            event: "solution_found";
            /**
             * Format: uint64
             * @description The row it is for.
             */
            transaction: number;
            /** @description The peer that found it. */
            finder: components["schemas"]["Id"];
            /** @description The text that solves the challenge. */
            seed: string;
        } | {
            /** @constant */
            event: "vote_cast";
            /**
             * Format: uint64
             * @description The row it is for.
             */
            transaction: number;
            /** @description The member. */
            voter: components["schemas"]["Id"];
            /** @description The solution it has voted on. */
            seed: string;
            /** @description Yes is true. */
            vote: boolean;
        } | {
            /** @constant */
            event: "round_decided";
            /**
             * Format: uint64
             * @description Its number.
             */
            transaction: number;
            /**
             * Format: uint16
             * @description The difficulty, in bits.
             */
            challenge: number;
            /** @description The text that solves the challenge. */
            seed: string;
            /** @description The peer that found it. */
            winner: components["schemas"]["Id"];
            /**
             * Format: uint
             * @description Votes for it that this peer had counted; others may have counted more or fewer.
             */
            yes: number;
            /**
             * Format: uint16
             * @description Votes against it that this peer had counted.
             */
            no: number;
            /** @description The members whose votes for it this peer had counted; others may have counted others. */
            voters: components["schemas"]["Id"][];
        } | {
            /** @constant */
            event: "round_failed";
            /**
             * Format: uint64
             * @description The row.
             */
            transaction: number;
            /**
             * Format: uint
             * @description Votes for the solution.
             */
            yes: number;
            /**
             * Format: uint
             * @description Votes against it.
             */
            no: number;
        } | (components["schemas"]["Waiting"] & {
            /** @constant */
            event: "waiting";
        }) | {
            /** @constant */
            event: "peer_copied";
        } | {
            /** @constant */
            event: "member_equivocated";
            /** @description The member. */
            member: components["schemas"]["Id"];
            /** @description The contradiction, in words. */
            reason: string;
            /** @description The signature under the first message, in hexadecimal digits. */
            first: string;
            /** @description The signature under the second message. */
            second: string;
        } | {
            /** @constant */
            event: "all_recorded";
        };
        /** @description What a member has drawn in an election. */
        Draw: {
            /** @description The member. */
            peer: components["schemas"]["Id"];
            /** @description A number; in ppd, the id of the member that it wants to lead. */
            draw: components["schemas"]["Id"];
        };
        /** @description What a peer is waiting for. */
        Waiting: {
            /** @constant */
            for: "peers";
            /**
             * Format: uint
             * @description Peers that can be heard, this one included.
             */
            here: number;
            /**
             * Format: uint
             * @description Peers that are needed.
             */
            needed: number;
        } | {
            /** @constant */
            for: "adoption";
            /**
             * Format: uint
             * @description Members that have agreed, this peer included if it has.
             */
            here: number;
            /**
             * Format: uint
             * @description Members that are needed.
             */
            needed: number;
            /** @description Those that have not. */
            missing: components["schemas"]["Id"][];
        } | {
            /** @constant */
            for: "majority";
            /**
             * Format: uint
             * @description Members that can be heard, this one included.
             */
            here: number;
            /**
             * Format: uint
             * @description Members that are needed.
             */
            needed: number;
        } | {
            /** @constant */
            for: "leader";
            /**
             * Format: uint
             * @description Members that take part, this peer included if it does.
             */
            here: number;
            /**
             * Format: uint
             * @description Members that are needed.
             */
            needed: number;
            /**
             * @description Those that do not: they cannot be heard, are not confirmed after a restart, or have
             *     heard a copy of themselves.
             */
            missing: components["schemas"]["Id"][];
        } | {
            /** @constant */
            for: "challenge";
            /** @description The leader. */
            leader: components["schemas"]["Id"];
            /**
             * Format: uint64
             * @description The row.
             */
            transaction: number;
        } | {
            /** @constant */
            for: "votes";
            /**
             * Format: uint64
             * @description The row.
             */
            transaction: number;
            /**
             * Format: uint
             * @description Members that have said yes in this term.
             */
            here: number;
            /**
             * Format: uint
             * @description Members that are needed.
             */
            needed: number;
            /** @description Those that have not. */
            missing: components["schemas"]["Id"][];
        } | {
            /** @constant */
            for: "secret";
            /**
             * Format: uint64
             * @description The first row that is not recorded.
             */
            transaction: number;
        } | {
            /** @constant */
            for: "confirmation";
            /**
             * Format: uint
             * @description Members that have answered.
             */
            here: number;
            /**
             * Format: uint
             * @description Members that are needed.
             */
            needed: number;
            /** @description Those that have not. */
            missing: components["schemas"]["Id"][];
        } | {
            /** @constant */
            for: "copied";
        } | {
            /** @constant */
            for: "missed";
            /**
             * Format: uint64
             * @description The first row that is not recorded.
             */
            transaction: number;
        } | {
            /** @constant */
            for: "messages";
            /**
             * Format: uint64
             * @description The first row that is not recorded.
             */
            transaction: number;
        };
        /** @description What can happen to a peer of a network with a chain. */
        ChainEvent: {
            /** @constant */
            event: "peer_found";
            /** @description Its address. */
            found: string;
            /**
             * Format: uint
             * @description Peers known now.
             */
            known: number;
        } | {
            /** @constant */
            event: "tip_changed";
            /**
             * Format: uint64
             * @description The height of its last block.
             */
            height: number;
            /** @description The hash of its last block. */
            hash: string;
            /**
             * Format: uint
             * @description Blocks that no longer count.
             */
            disconnected: number;
            /**
             * Format: uint
             * @description Blocks that count now and did not before.
             */
            connected: number;
        } | {
            /** @constant */
            event: "block_mined";
            /**
             * Format: uint64
             * @description Its height.
             */
            height: number;
            /** @description Its hash. */
            hash: string;
        } | {
            /** @constant */
            event: "block_held";
            /** @description The address of the first that has. */
            holder: string;
            /**
             * Format: uint64
             * @description The height of the block.
             */
            height: number;
            /** @description The hash of the block. */
            hash: string;
        } | {
            /** @constant */
            event: "block_only_here";
            /**
             * Format: uint64
             * @description The height of the block.
             */
            height: number;
            /** @description The hash of the block. */
            hash: string;
        } | {
            /** @constant */
            event: "download_started";
            /**
             * Format: uint64
             * @description Blocks that it is said to have.
             */
            length: number;
            /** @description The hash of the last of them. */
            hash: string;
            /**
             * Format: uint
             * @description Peers that claim it.
             */
            backers: number;
        } | {
            /** @constant */
            event: "download_failed";
            /**
             * Format: uint64
             * @description Blocks that it is said to have.
             */
            length: number;
            /** @description The hash of the last of them. */
            hash: string;
            /** @description The error, in words. */
            reason: string;
        } | {
            /** @constant */
            event: "headers_fetched";
            /** @description The peer's address. */
            from: string;
            /**
             * Format: uint
             * @description Headers whose blocks are still to be fetched.
             */
            ahead: number;
        } | {
            /** @constant */
            event: "peer_shunned";
            /** @description Its address. */
            shunned: string;
            /**
             * Format: double
             * @description How long this peer asks it for nothing, in seconds.
             */
            seconds: number;
        } | {
            /** @constant */
            event: "peer_banned";
            /** @description The key. */
            key: string;
            /**
             * Format: double
             * @description How long this peer ignores the key, in seconds.
             */
            seconds: number;
            /** @description The last rule that its owner broke. */
            reason: string;
        } | {
            /** @constant */
            event: "clock_wrong";
            /**
             * Format: int64
             * @description How many seconds they are ahead of it; less than zero if they are behind.
             */
            ahead_s: number;
        } | {
            /** @constant */
            event: "entry_pooled";
            /** @description Its text. */
            entry: string;
            /** @description The key of its author, in networks whose entries are signed. */
            author?: string | null;
        } | {
            /** @constant */
            event: "entry_refused";
            /** @description Its text. */
            entry: string;
            /** @description The key of its author, in networks whose entries are signed. */
            author?: string | null;
            /** @description The rule that it breaks. */
            reason: string;
        };
        /**
         * @description What can happen to a peer of an assembly. Members are named by their ids, which the event
         *     `charter_followed` gives with their names.
         */
        AssemblyEvent: {
            /** @constant */
            event: "charter_followed";
            /** @description The hash of the charter, which is the id of its chain. */
            chain: string;
            /** @description The members, in the order of the charter. */
            members: components["schemas"]["CharterMember"][];
            /**
             * Format: uint
             * @description How many of them decide.
             */
            quorum: number;
            /** @description Whether this peer is one of them. */
            member: boolean;
        } | {
            /** @constant */
            event: "view_entered";
            /**
             * Format: uint64
             * @description The view.
             */
            view: number;
            /** @description The member that was drawn to lead it. */
            leader: components["schemas"]["Id"];
        } | {
            /** @constant */
            event: "block_notarized";
            /**
             * Format: uint64
             * @description The view.
             */
            view: number;
            /** @description The hash of the block. */
            hash: string;
        } | {
            /** @constant */
            event: "leader_passed_over";
            /**
             * Format: uint64
             * @description The view.
             */
            view: number;
            /** @description The member that was drawn to lead it. */
            leader: components["schemas"]["Id"];
        } | {
            /** @constant */
            event: "block_committed";
            /**
             * Format: uint64
             * @description Its height.
             */
            height: number;
            /** @description Its hash. */
            hash: string;
            /**
             * Format: uint64
             * @description The view in which it was proposed.
             */
            view: number;
            /** @description The member that has made it. */
            maker: components["schemas"]["Id"];
            /**
             * Format: uint
             * @description How many entries it has.
             */
            entries: number;
        } | {
            /** @constant */
            event: "proposal_refused";
            /**
             * Format: uint64
             * @description The view.
             */
            view: number;
            /** @description The member that leads it. */
            leader: components["schemas"]["Id"];
            /** @description The rule that the proposal breaks, in words. */
            reason: string;
        } | {
            /** @constant */
            event: "standstill";
            /**
             * Format: uint
             * @description How many are heard, this peer included.
             */
            here: number;
            /**
             * Format: uint
             * @description How many it takes.
             */
            needed: number;
            /** @description The members that are not heard. */
            missing: components["schemas"]["Id"][];
        } | {
            /** @constant */
            event: "resumed";
        } | {
            /** @constant */
            event: "member_contradicted";
            /** @description The member. */
            member: components["schemas"]["Id"];
            /** @description One thing that it has said. */
            first: components["schemas"]["Word"];
            /** @description The other one. */
            second: components["schemas"]["Word"];
        } | {
            /** @constant */
            event: "catching_up";
            /**
             * Format: uint64
             * @description The height of its own last one.
             */
            height: number;
            /**
             * Format: uint64
             * @description The height that it has heard of.
             */
            target: number;
        } | {
            /** @constant */
            event: "observing";
            /** @description The reason. */
            why: components["schemas"]["Observer"];
        } | {
            /** @constant */
            event: "diverged";
            /** @description The hash of the block. */
            hash: string;
            /** @description What is wrong with it, in words. */
            reason: string;
        };
        /** @description What can happen among the miners of a peer. */
        MinersEvent: {
            /** @constant */
            event: "listening_for_miners";
            /** @description The address they connect to, over TCP. */
            address: string;
        } | {
            /** @constant */
            event: "worker_joined";
            /** @description Its name; empty if none was given yet. */
            worker: string;
            /** @description The address it connects from. */
            from: string;
            /**
             * Format: uint
             * @description Workers there are now.
             */
            workers: number;
        } | {
            /** @constant */
            event: "worker_left";
            /** @description Its name. */
            worker: string;
            /** @description The address it connected from. */
            from: string;
            /**
             * Format: uint
             * @description Workers there are now.
             */
            workers: number;
            /**
             * Format: uint64
             * @description Shares that counted.
             */
            accepted: number;
            /**
             * Format: uint64
             * @description Shares that came too late.
             */
            stale: number;
            /**
             * Format: uint64
             * @description Shares that were wrong, or there already.
             */
            invalid: number;
            /**
             * Format: uint64
             * @description Shares that were blocks.
             */
            blocks: number;
        } | {
            /** @constant */
            event: "worker_dropped";
            /** @description Its name; empty if none was given yet. */
            worker: string;
            /** @description The address it connected from. */
            from: string;
            /**
             * Format: uint
             * @description Workers there are now.
             */
            workers: number;
            /** @description The rule that it broke. */
            reason: string;
            /**
             * Format: uint64
             * @description Shares that counted.
             */
            accepted: number;
            /**
             * Format: uint64
             * @description Shares that came too late.
             */
            stale: number;
            /**
             * Format: uint64
             * @description Shares that were wrong, or there already.
             */
            invalid: number;
            /**
             * Format: uint64
             * @description Shares that were blocks.
             */
            blocks: number;
        } | {
            /** @constant */
            event: "workers_moved";
            /**
             * Format: uint64
             * @description Workers that came or went in that second without an event of their own.
             */
            count: number;
        } | {
            /** @constant */
            event: "block_found";
            /** @description Its name. */
            worker: string;
            /** @description The address it connects from. */
            from: string;
            /**
             * Format: uint64
             * @description The height of the block.
             */
            height: number;
            /** @description The hash of the block. */
            hash: string;
        } | {
            /** @constant */
            event: "shares_accepted";
            /** @description Its name. */
            worker: string;
            /** @description The address it connects from. */
            from: string;
            /**
             * Format: uint64
             * @description Hashes a second, by its shares since the last time.
             */
            hash_rate: number;
            /**
             * Format: uint32
             * @description The difficulty of its shares now, in bits.
             */
            share_bits: number;
            /**
             * Format: uint64
             * @description Shares that counted.
             */
            accepted: number;
            /**
             * Format: uint64
             * @description Shares that came too late.
             */
            stale: number;
            /**
             * Format: uint64
             * @description Shares that were wrong, or there already.
             */
            invalid: number;
            /**
             * Format: uint64
             * @description Shares that were blocks.
             */
            blocks: number;
        };
        /** @description What can happen at a tracker. */
        TrackerEvent: {
            /** @constant */
            event: "listening";
            /** @description Its own address. */
            address: string;
        } | {
            /** @constant */
            event: "peer_joined";
            /** @description Where it says it is. */
            address: string;
            /**
             * Format: uint
             * @description Peers that are there now.
             */
            peers: number;
        } | {
            /** @constant */
            event: "peer_left";
            /** @description The address it had announced. */
            address: string;
            /**
             * Format: uint
             * @description Peers that are there now.
             */
            peers: number;
        } | {
            /** @constant */
            event: "peer_gone";
            /** @description The address it had announced. */
            address: string;
            /**
             * Format: uint
             * @description Peers that are there now.
             */
            peers: number;
        } | {
            /** @constant */
            event: "connection_refused";
            /** @description Where it came from. */
            from: string;
            /** @description The rule that it broke. */
            reason: string;
        };
        /** @description What the user of a network in one process does to it. No peer tells of it. */
        DemoEvent: {
            /** @constant */
            event: "fault_set";
            /**
             * Format: uint64
             * @description The number of the fault.
             */
            fault: number;
            /**
             * @description What kind it is: `partition`, `cut`, `delay`, `lose`, `duplicate`, `corrupt` or
             *     `byzantine`.
             */
            kind: string;
            /** @description The fault in words, as in "30 % of what peer 2 sends is lost". */
            sentence: string;
            /**
             * Format: uint64
             * @description Decides what the fault leaves to chance; missing if that is nothing.
             */
            seed?: number | null;
        } | {
            /** @constant */
            event: "fault_cleared";
            /**
             * Format: uint64
             * @description Its number.
             */
            fault: number;
        } | {
            /** @constant */
            event: "peer_crashed";
            /** @description The peer. */
            crashed: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            event: "peer_restarted";
            /** @description The peer. */
            restarted: components["schemas"]["PeerName"];
            /** @description How it breaks the rules from now on, as in `votes-twice`; missing if it is honest. */
            byzantine?: string | null;
        } | {
            /** @constant */
            event: "peer_frozen";
            /** @description The peer. */
            frozen: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            event: "peer_thawed";
            /** @description The peer. */
            thawed: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            event: "pace_changed";
            /** @description Whether it stands still. */
            paused: boolean;
            /**
             * Format: double
             * @description Seconds of it in a second, while it goes.
             */
            speed: number;
        };
        /** @description What can happen in the search for the solution of one puzzle. */
        SearchEvent: {
            /** @constant */
            event: "progress";
            /**
             * Format: uint64
             * @description Hashes tried so far.
             */
            hashes: number;
            /**
             * Format: double
             * @description How long it has taken so far.
             */
            seconds: number;
            /**
             * Format: double
             * @description Hashes tried in a second, in millions.
             */
            megahashes_per_second: number;
        } | {
            /** @constant */
            event: "solution_found";
            /** @description The solution, as the puzzle writes it. */
            nonce: string;
            /**
             * Format: uint64
             * @description Its number among the candidates.
             */
            number: number;
            /** @description Its hash, in hexadecimal digits. */
            digest: string;
            /** @description The kernel that found it. */
            kernel: string;
            /**
             * Format: uint64
             * @description Hashes tried.
             */
            hashes: number;
            /**
             * Format: double
             * @description How long it took.
             */
            seconds: number;
            /**
             * Format: double
             * @description Hashes tried in a second, in millions.
             */
            megahashes_per_second: number;
        };
        /** @description A network in one process. */
        Demo: {
            /** @description Its peers, in the order in which they were started. */
            peers: components["schemas"]["DemoPeer"][];
            /** @description What was done to it and not undone, the oldest first. */
            faults: components["schemas"]["Fault"][];
            /** @description How fast it goes; null where it goes as fast as it can. */
            pace: components["schemas"]["Pace"] | null;
            /** @description The ways in which a peer can break the rules. */
            strategies: components["schemas"]["Strategy"][];
        };
        /** @description A peer of a network in one process. */
        DemoPeer: {
            /**
             * Format: uint
             * @description Its number, from 1 on, which it keeps when it starts again under another name.
             */
            number: number;
            /** @description Its name in the records. */
            peer: components["schemas"]["PeerName"];
            /** @description Whether it runs. */
            state: components["schemas"]["PeerState"];
            /** @description The strategy by which it breaks the rules; null of an honest one. */
            byzantine: string | null;
        };
        /** @description Whether a peer runs. */
        PeerState: "runs" | "crashed" | "paused";
        /** @description Something that was done to a network, until it is undone. */
        Fault: {
            /**
             * Format: uint64
             * @description Its number, by which it is undone.
             */
            id: number;
            /** @description What it is, as in "peers 1, 2, 3 cannot reach the others". */
            sentence: string;
        } & ({
            /** @constant */
            action: "crash";
            /** @description The peer. */
            peer: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            action: "restart";
            /** @description The peer. */
            peer: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            action: "freeze";
            /** @description The peer. */
            peer: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            action: "thaw";
            /** @description The peer. */
            peer: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            action: "partition";
            /** @description The groups. */
            groups: components["schemas"]["PeerName"][][];
        } | {
            /** @constant */
            action: "cut";
            /** @description The peer that sends. */
            from: components["schemas"]["PeerName"];
            /** @description The peer that is not reached. */
            to: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            action: "delay";
            /**
             * @description The peer; null for all.
             * @default null
             */
            peer: components["schemas"]["PeerName"] | null;
            /**
             * Format: uint64
             * @description How many milliseconds longer.
             */
            ms: number;
        } | {
            /** @constant */
            action: "lose";
            /**
             * @description The peer; null for all.
             * @default null
             */
            peer: components["schemas"]["PeerName"] | null;
            /**
             * Format: double
             * @description Which share of it, from 0 to 1.
             */
            share: number;
        } | {
            /** @constant */
            action: "corrupt";
            /**
             * @description The peer; null for all.
             * @default null
             */
            peer: components["schemas"]["PeerName"] | null;
            /**
             * Format: double
             * @description Which share of it, from 0 to 1.
             */
            share: number;
        } | {
            /** @constant */
            action: "duplicate";
            /**
             * @description The peer; null for all.
             * @default null
             */
            peer: components["schemas"]["PeerName"] | null;
            /**
             * Format: double
             * @description Which share of it, from 0 to 1.
             */
            share: number;
        } | {
            /** @constant */
            action: "byzantine";
            /** @description The peer. */
            peer: components["schemas"]["PeerName"];
            /** @description How it breaks them: the name of a [`Strategy`]. */
            strategy: string;
        } | {
            /** @constant */
            action: "pause";
        } | {
            /** @constant */
            action: "resume";
        } | {
            /** @constant */
            action: "step";
        } | {
            /** @constant */
            action: "speed";
            /**
             * Format: double
             * @description How many of its seconds are in a second.
             */
            speed: number;
        });
        /** @description How fast a network goes. */
        Pace: {
            /** @description Whether it stands still. */
            paused: boolean;
            /**
             * Format: double
             * @description How many of its seconds are in a second.
             */
            speed: number;
            /** @description The lowest and the highest speed. */
            speeds: number[];
        };
        /** @description A way in which a peer can break the rules. */
        Strategy: {
            /** @description Its name. */
            name: string;
            /** @description What such a peer does, as a sentence. */
            what: string;
        };
        /** @description The outcome of an action that was carried out. */
        Done: {
            /** @description A sentence for people, as in "peer 3 crashed". */
            sentence: string;
            /**
             * Format: uint64
             * @description The number of the fault, if there is one to be undone.
             */
            fault: number | null;
        };
        /** @description Something to be done to a network in one process. */
        Action: {
            /** @constant */
            action: "crash";
            /** @description The peer. */
            peer: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            action: "restart";
            /** @description The peer. */
            peer: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            action: "freeze";
            /** @description The peer. */
            peer: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            action: "thaw";
            /** @description The peer. */
            peer: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            action: "partition";
            /** @description The groups. */
            groups: components["schemas"]["PeerName"][][];
        } | {
            /** @constant */
            action: "cut";
            /** @description The peer that sends. */
            from: components["schemas"]["PeerName"];
            /** @description The peer that is not reached. */
            to: components["schemas"]["PeerName"];
        } | {
            /** @constant */
            action: "delay";
            /**
             * @description The peer; null for all.
             * @default null
             */
            peer: components["schemas"]["PeerName"] | null;
            /**
             * Format: uint64
             * @description How many milliseconds longer.
             */
            ms: number;
        } | {
            /** @constant */
            action: "lose";
            /**
             * @description The peer; null for all.
             * @default null
             */
            peer: components["schemas"]["PeerName"] | null;
            /**
             * Format: double
             * @description Which share of it, from 0 to 1.
             */
            share: number;
        } | {
            /** @constant */
            action: "corrupt";
            /**
             * @description The peer; null for all.
             * @default null
             */
            peer: components["schemas"]["PeerName"] | null;
            /**
             * Format: double
             * @description Which share of it, from 0 to 1.
             */
            share: number;
        } | {
            /** @constant */
            action: "duplicate";
            /**
             * @description The peer; null for all.
             * @default null
             */
            peer: components["schemas"]["PeerName"] | null;
            /**
             * Format: double
             * @description Which share of it, from 0 to 1.
             */
            share: number;
        } | {
            /** @constant */
            action: "byzantine";
            /** @description The peer. */
            peer: components["schemas"]["PeerName"];
            /** @description How it breaks them: the name of a [`Strategy`]. */
            strategy: string;
        } | {
            /** @constant */
            action: "pause";
        } | {
            /** @constant */
            action: "resume";
        } | {
            /** @constant */
            action: "step";
        } | {
            /** @constant */
            action: "speed";
            /**
             * Format: double
             * @description How many of its seconds are in a second.
             */
            speed: number;
        };
        /** @description Whether a process works. */
        Health: {
            /** @description Whether nothing is wrong. */
            ok: boolean;
            /** @description Each peer that does not work, with its reason. */
            troubles: components["schemas"]["Trouble"][];
        };
        /** @description Something that is wrong. */
        Trouble: {
            /** @description The peer with which it is wrong. */
            peer: components["schemas"]["PeerName"];
            /** @description What is wrong, as a sentence. */
            what: string;
            /** @description What to do, as a sentence. */
            advice: string;
        };
    };
    responses: {
        /** @description Why the request is refused. */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getNode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Node"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listPeers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Peers"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getPeer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The peer, as it is named in the records; in a demo also its number. */
                peer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PeerStatus"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getStatus: {
        parameters: {
            query?: {
                /** @description Which peer is asked, by its name in the records or, in a demo, its number; the first if none is named. */
                peer?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PeerStatus"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listRows: {
        parameters: {
            query?: {
                /** @description The first: the transaction of a row, or the height of a block. */
                from?: number;
                /** @description How many at most; 100 if it is not given. */
                limit?: number;
                /** @description Which peer is asked, by its name in the records or, in a demo, its number; the first if none is named. */
                peer?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfRow"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getCertificate: {
        parameters: {
            query?: {
                /** @description Which peer is asked, by its name in the records or, in a demo, its number; the first if none is named. */
                peer?: string;
            };
            header?: never;
            path: {
                /** @description The transaction of the row. */
                row: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Certificate"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listBlocks: {
        parameters: {
            query?: {
                /** @description The first: the transaction of a row, or the height of a block. */
                from?: number;
                /** @description How many at most; 100 if it is not given. */
                limit?: number;
                /** @description Which peer is asked, by its name in the records or, in a demo, its number; the first if none is named. */
                peer?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfBlock"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getBlock: {
        parameters: {
            query?: {
                /** @description Which peer is asked, by its name in the records or, in a demo, its number; the first if none is named. */
                peer?: string;
            };
            header?: never;
            path: {
                /** @description The height of the block. */
                height: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Block"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getProof: {
        parameters: {
            query?: {
                /** @description Which peer is asked, by its name in the records or, in a demo, its number; the first if none is named. */
                peer?: string;
            };
            header?: never;
            path: {
                /** @description The height of the block. */
                height: number;
                /** @description The place of the entry in the block, from 0 on. */
                place: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntryProof"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listEntries: {
        parameters: {
            query?: {
                /** @description The first: the transaction of a row, or the height of a block. */
                from?: number;
                /** @description How many at most; 100 if it is not given. */
                limit?: number;
                /** @description Which peer is asked, by its name in the records or, in a demo, its number; the first if none is named. */
                peer?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfEntry"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    addEntry: {
        parameters: {
            query?: {
                /** @description Which peer is asked, by its name in the records or, in a demo, its number; the first if none is named. */
                peer?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewEntry"];
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Submitted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getCharter: {
        parameters: {
            query?: {
                /** @description Which peer is asked, by its name in the records or, in a demo, its number; the first if none is named. */
                peer?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Charter"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listBallots: {
        parameters: {
            query?: {
                /** @description The first: the transaction of a row, or the height of a block. */
                from?: number;
                /** @description How many at most; 100 if it is not given. */
                limit?: number;
                /** @description Which peer is asked, by its name in the records or, in a demo, its number; the first if none is named. */
                peer?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfBallot"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getTally: {
        parameters: {
            query?: {
                /** @description Which peer is asked, by its name in the records or, in a demo, its number; the first if none is named. */
                peer?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tally"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    whatIf: {
        parameters: {
            query?: {
                /** @description Which peer is asked, by its name in the records or, in a demo, its number; the first if none is named. */
                peer?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Edit"];
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Effect"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    followEvents: {
        parameters: {
            query?: {
                /** @description The number of the first record; without it, the next. */
                from?: number;
            };
            header?: {
                /** @description The number of the last record read, by which a browser resumes. */
                "Last-Event-ID"?: number;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["Record"];
                    "application/x-ndjson": components["schemas"]["Record"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getDemo: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Demo"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    act: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Action"];
            };
        };
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Done"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    undo: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The number of the fault. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Done"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/openmetrics-text": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    isAlive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description The answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    isReady: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description The answer. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
}
