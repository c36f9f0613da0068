//! What people do in the program and leave records of: performances of controls, and the lists that triggers produce.

pub mod performance;
pub mod population;

pub use performance::{
    Days, Performance, PerformanceError, Schedule, Window, WindowState, default_grace_days,
};
pub use population::{
    AttributeState, Definition, Frozen, Ipe, Item, ItemOutcome, Population, PopulationError,
};
