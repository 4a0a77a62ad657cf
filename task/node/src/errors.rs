//! Errors of the graph, the ISP and the ledger in the words of a device node. Disconnects stay as
//! they are.

use idl::types::{FramesError, GraphError, IspError, NodeError};
use idol_runtime::ipc;

use crate::Refusal;

/// What a node's client is told when the graph refuses.
#[must_use]
pub fn graph_refused(error: ipc::Error<GraphError>) -> Refusal {
    error.map_op(|error| match error {
        GraphError::NoSuchEntity => NodeError::NoSuchEntity,
        GraphError::NoSuchLink | GraphError::NoSuchPad => NodeError::NoSuchLink,
        GraphError::Stale => NodeError::Stale,
        GraphError::Busy => NodeError::Busy,
        GraphError::Immutable => NodeError::Immutable,
        GraphError::BrokenPipeline => NodeError::BrokenPipeline,
        GraphError::LinkMismatch => NodeError::BrokenPipeline,
        GraphError::FormatMismatch | GraphError::NoSuchFormat => NodeError::InvalidFormat,
        GraphError::Rebuilding => NodeError::Rebuilding,
        GraphError::StartFailed => NodeError::DriverRefused,
        GraphError::TooFast => NodeError::TooFast,
    })
}

/// What a node's client is told when the ISP refuses.
#[must_use]
pub fn isp_refused(error: ipc::Error<IspError>) -> Refusal {
    error.map_op(|error| match error {
        IspError::NoSuchControl => NodeError::NoSuchControl,
        IspError::NoSuchEntity | IspError::NoSuchLink => NodeError::NoSuchEntity,
        IspError::NotStreaming => NodeError::NotStreaming,
        IspError::Busy => NodeError::Busy,
        IspError::NotConfigured => NodeError::NotEnabled,
        IspError::InvalidConfiguration => NodeError::InvalidConfiguration,
        IspError::NoConfiguration => NodeError::NoConfiguration,
        IspError::UnsupportedFeature => NodeError::UnsupportedFeature,
        IspError::TooFast => NodeError::TooFast,
        IspError::NoSuchFormat => NodeError::InvalidFormat,
        IspError::NotReady
        | IspError::InvalidPipeline
        | IspError::QueueFull
        | IspError::BadBuffer
        | IspError::Crashed => NodeError::DriverRefused,
    })
}

/// What a node's client is told when the ledger refuses: the image or the node is wrong, or
/// hardware has the buffer.
#[must_use]
pub fn frames_refused(error: ipc::Error<FramesError>) -> Refusal {
    error.map_op(|error| match error {
        FramesError::Busy => NodeError::Busy,
        FramesError::NoSuchPool
        | FramesError::NoSuchBuffer
        | FramesError::WrongOwner
        | FramesError::NotAttached
        | FramesError::NoWindow
        | FramesError::TooLong
        | FramesError::TooManyReaders => NodeError::BadBuffer,
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
        let told = graph_refused(ipc::Error::Op(GraphError::LinkMismatch));
        assert_eq!(told, ipc::Error::Op(NodeError::BrokenPipeline));
        let told = isp_refused(ipc::Error::Op(IspError::NotConfigured));
        assert_eq!(told, ipc::Error::Op(NodeError::NotEnabled));
        let told = frames_refused(ipc::Error::Op(FramesError::Busy));
        assert_eq!(told, ipc::Error::Op(NodeError::Busy));
    }
}
