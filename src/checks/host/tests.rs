//! Made-up facts.
