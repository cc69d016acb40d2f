//! The way of a mail: its Received lines as hops, with the line between fact and claim.
