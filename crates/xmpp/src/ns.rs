//! The XML namespaces that the gateway reads or writes, each with where it is defined.

/// XEP-0114 section 5: the stanzas of a component stream.
pub(crate) const COMPONENT: &str = "jabber:component:accept";
/// RFC 6120 section 4.8.1.
pub(crate) const STREAM: &str = "http://etherx.jabber.org/streams";
/// RFC 6120 section 4.9.3.
pub(crate) const STREAM_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
/// RFC 6120 section 8.3.3.
pub(crate) const STANZA_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
/// XEP-0030 section 3.
pub(crate) const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
/// XEP-0030 section 4.
pub(crate) const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";
/// RFC 6120 section 4.8.2: stanzas as clients have them.
pub(crate) const CLIENT: &str = "jabber:client";
/// RFC 6121 section 2.
pub(crate) const ROSTER: &str = "jabber:iq:roster";
/// XEP-0004.
pub(crate) const DATA_FORMS: &str = "jabber:x:data";
/// XEP-0012.
pub(crate) const LAST: &str = "jabber:iq:last";
/// XEP-0045 section 7.5: what marks a message that came through a room.
pub(crate) const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
/// XEP-0050.
pub(crate) const COMMANDS: &str = "http://jabber.org/protocol/commands";
/// XEP-0054.
pub(crate) const VCARD: &str = "vcard-temp";
/// XEP-0055.
pub(crate) const SEARCH: &str = "jabber:iq:search";
/// XEP-0059.
pub(crate) const RSM: &str = "http://jabber.org/protocol/rsm";
/// XEP-0060.
pub(crate) const PUBSUB: &str = "http://jabber.org/protocol/pubsub";
/// XEP-0060 section 6.5, as a feature.
pub(crate) const PUBSUB_RETRIEVE_ITEMS: &str = "http://jabber.org/protocol/pubsub#retrieve-items";
/// XEP-0084 section 4.1, also the name of the node.
pub(crate) const AVATAR_DATA: &str = "urn:xmpp:avatar:data";
/// XEP-0084 section 4.2, also the name of the node.
pub(crate) const AVATAR_METADATA: &str = "urn:xmpp:avatar:metadata";
/// XEP-0077.
pub(crate) const REGISTER: &str = "jabber:iq:register";
/// XEP-0092.
pub(crate) const VERSION: &str = "jabber:iq:version";
/// XEP-0100 section 6.
pub(crate) const GATEWAY: &str = "jabber:iq:gateway";
/// XEP-0115.
pub(crate) const CAPS: &str = "http://jabber.org/protocol/caps";
/// XEP-0144.
pub(crate) const ROSTER_EXCHANGE: &str = "http://jabber.org/protocol/rosterx";
/// XEP-0153.
pub(crate) const VCARD_UPDATE: &str = "vcard-temp:x:update";
/// XEP-0157, the type of its form.
pub(crate) const SERVER_INFO: &str = "http://jabber.org/network/serverinfo";
/// XEP-0172.
pub(crate) const NICK: &str = "http://jabber.org/protocol/nick";
/// XEP-0184.
pub(crate) const RECEIPTS: &str = "urn:xmpp:receipts";
/// XEP-0199.
pub(crate) const PING: &str = "urn:xmpp:ping";
/// XEP-0202.
pub(crate) const TIME: &str = "urn:xmpp:time";
/// XEP-0203.
pub(crate) const DELAY: &str = "urn:xmpp:delay";
/// XEP-0280.
pub(crate) const CARBONS: &str = "urn:xmpp:carbons:2";
/// XEP-0292, RFC 6351.
pub(crate) const VCARD_4: &str = "urn:ietf:params:xml:ns:vcard-4.0";
/// XEP-0292 section 3.1: the name of the node.
pub(crate) const VCARD_4_NODE: &str = "urn:xmpp:vcard4";
/// XEP-0297.
pub(crate) const FORWARD: &str = "urn:xmpp:forward:0";
/// XEP-0308.
pub(crate) const CORRECT: &str = "urn:xmpp:message-correct:0";
/// XEP-0313.
pub(crate) const MAM: &str = "urn:xmpp:mam:2";
/// XEP-0333.
pub(crate) const MARKERS: &str = "urn:xmpp:chat-markers:0";
/// XEP-0334.
pub(crate) const HINTS: &str = "urn:xmpp:hints";
/// XEP-0356, its version 0.3.
pub(crate) const PRIVILEGE_1: &str = "urn:xmpp:privilege:1";
/// XEP-0356.
pub(crate) const PRIVILEGE_2: &str = "urn:xmpp:privilege:2";
/// XEP-0359.
pub(crate) const STANZA_IDS: &str = "urn:xmpp:sid:0";
/// XEP-0380.
pub(crate) const ENCRYPTION: &str = "urn:xmpp:eme:0";
/// XEP-0398.
pub(crate) const PEP_VCARD_CONVERSION: &str = "urn:xmpp:pep-vcard-conversion:0";
/// XEP-0422, which retractions were wrapped in.
pub(crate) const FASTENING: &str = "urn:xmpp:fasten:0";
/// XEP-0424, its version 0.3.
pub(crate) const RETRACT_0: &str = "urn:xmpp:message-retract:0";
/// XEP-0424.
pub(crate) const RETRACT: &str = "urn:xmpp:message-retract:1";
/// XEP-0428.
pub(crate) const FALLBACK: &str = "urn:xmpp:fallback:0";
/// XEP-0444.
pub(crate) const REACTIONS: &str = "urn:xmpp:reactions:0";
/// XEP-0461.
pub(crate) const REPLY: &str = "urn:xmpp:reply:0";
/// XEP-0506.
pub(crate) const NO_REPLY: &str = "urn:xmpp:noreply:0";
/// XEP-0066 section 4.
pub(crate) const OUT_OF_BAND: &str = "jabber:x:oob";
/// XEP-0103.
pub(crate) const URL_DATA: &str = "http://jabber.org/protocol/url-data";
/// XEP-0300.
pub(crate) const HASHES: &str = "urn:xmpp:hashes:2";
/// XEP-0363.
pub(crate) const UPLOAD: &str = "urn:xmpp:http:upload:0";
/// XEP-0446.
pub(crate) const FILE_METADATA: &str = "urn:xmpp:file:metadata:0";
/// XEP-0447.
pub(crate) const FILE_SHARING: &str = "urn:xmpp:sfs:0";
/// What marks content that nobody but the recipient's own devices can read, with the name of the encryption: the
/// namespaces that XEP-0380 section 3 lists, those of later versions, and RFC 3923.
pub(crate) const SEALED: [(&str, &str); 7] = [
    ("eu.siacs.conversations.axolotl", "OMEMO"),
    ("urn:xmpp:omemo:1", "OMEMO"),
    ("urn:xmpp:omemo:2", "OMEMO"),
    ("urn:xmpp:openpgp:0", "OpenPGP"),
    ("jabber:x:encrypted", "OpenPGP"),
    ("urn:xmpp:otr:0", "OTR"),
    ("urn:ietf:params:xml:ns:xmpp-e2e", "S/MIME"),
];
/// The mark that [`crate::link`] leaves where it cut an oversized stanza; known inside this process only.
pub(crate) const CUT: &str = "urn:causeway:cut";
