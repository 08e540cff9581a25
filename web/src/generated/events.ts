// Generated from docs/events.schema.json by `npm run types`.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description The name of a peer: its id in a network with rounds, its address in one with a chain. */
        PeerName: components["schemas"]["Id"] | string;
        Id: string;
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
        } | {
            /** @constant */
            event: "connected";
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
            draw?: components["schemas"]["Id"] | null;
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
        } & (components["schemas"]["PeerEvent"] | components["schemas"]["RoundsEvent"] | components["schemas"]["ChainEvent"] | components["schemas"]["MinersEvent"] | components["schemas"]["TrackerEvent"] | components["schemas"]["DemoEvent"] | components["schemas"]["SearchEvent"]);
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
