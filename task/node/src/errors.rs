//! The graph's errors in the words of a device node.

use idl::types::{GraphError, NodeError};
use idol_runtime::ipc;

use crate::Refusal;

/// What a node's client is told when the graph refuses. Disconnects stay as they are.
#[must_use]
pub fn graph_refused(error: ipc::Error<GraphError>) -> Refusal {
    error.map_op(|error| match error {
        GraphError::NoSuchEntity => NodeError::NoSuchEntity,
        GraphError::NoSuchLink | GraphError::NoSuchPad => NodeError::NoSuchLink,
        GraphError::Stale => NodeError::Stale,
        GraphError::Busy => NodeError::Busy,
        GraphError::Immutable => NodeError::Immutable,
        GraphError::BrokenPipeline => NodeError::BrokenPipeline,
        GraphError::FormatMismatch => NodeError::InvalidFormat,
        GraphError::Rebuilding => NodeError::Rebuilding,
        GraphError::StartFailed => NodeError::DriverRefused,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::types::{Cause, Disconnect, Generation, TaskIndex};

    #[test]
    fn a_disconnect_is_passed_on_as_it_is() {
        let record = Disconnect {
            peer: TaskIndex(3),
            generation: Generation(1),
            cause: Cause::Faulted,
            hops: 1,
        };
        let passed = graph_refused(ipc::Error::Disconnected(record));
        assert_eq!(passed, ipc::Error::Disconnected(record));
    }

    #[test]
    fn refusals_are_translated() {
        let told = graph_refused(ipc::Error::Op(GraphError::StartFailed));
        assert_eq!(told, ipc::Error::Op(NodeError::DriverRefused));
    }
}
