//! Home: the XEP-0114 link, stanzas to core values and back, the gateway's face.
