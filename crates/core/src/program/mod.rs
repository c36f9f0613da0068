//! What people do in the program and leave records of: performances of controls, the lists that triggers produce and
//! samples of them, lists of who has access, conflicts of duties, and reviews of access.

pub mod access;
pub mod access_review;
pub mod performance;
pub mod population;
pub mod reminder;
pub mod sampling;
pub mod segregation;

pub use performance::{
    Days, Performance, PerformanceError, Schedule, Window, WindowState, default_grace_days,
};
pub use population::{
    AttributeState, Definition, Frozen, Ipe, Item, ItemOutcome, Population, PopulationError,
};
