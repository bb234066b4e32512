//! Where it runs: what `packaging` holds, as far as one machine can tell, and what each place needs of the agent.

mod pod;
mod sidecar;
