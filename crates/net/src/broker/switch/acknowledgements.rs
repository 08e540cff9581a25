//! Which messages of QoS 1 and 2 are through, in both directions.

use rumqttc::{Packet, PubComp, PubCompReason, PubRec, PubRel, PubRelReason};

use super::{Key, Switch};

impl Switch {
    pub(super) fn on_acknowledged(&mut self, key: Key, pkid: u16) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        client.inflight.remove(&pkid);
        client.line.wake();
    }

    pub(super) fn on_received(&mut self, key: Key, received: &PubRec) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        let mut release = PubRel::new(received.pkid, None);
        if received.reason as u8 >= 0x80 {
            client.inflight.remove(&received.pkid);
            return client.line.wake();
        }
        if !client.inflight.contains(&received.pkid) {
            release.reason = PubRelReason::PacketIdentifierNotFound;
        }
        self.answer(key, Packet::PubRel(release));
    }

    pub(super) fn on_released(&mut self, key: Key, pkid: u16) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        let mut complete = PubComp::new(pkid, None);
        if !client.unreleased.remove(&pkid) {
            complete.reason = PubCompReason::PacketIdentifierNotFound;
        }
        self.answer(key, Packet::PubComp(complete));
    }
}
