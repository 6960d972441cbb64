//! One file for each family of pages: its handlers and its templates' data.

pub(super) mod attachment;
pub(super) mod health;
pub(super) mod theme;
pub(super) mod view;
