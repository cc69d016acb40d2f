//! Mail: SMTP out, IMAP and LMTP in, MIME, DSN.
