//! A bridge between XMPP and other messaging systems.
