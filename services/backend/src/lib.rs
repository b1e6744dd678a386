//! The Atlas AI backend services.
