//! A subdevice node: active formats and controls.

use idl::subdev;
use idl::types::{BlockState, ControlId, FormatChange, Handle, PadFormat, Rect, TaskIndex, Which};

use crate::Failure;

/// An open subdev node.
#[derive(Debug)]
pub struct Subdev {
    node: subdev::Client,
    handle: Handle,
}

impl Subdev {
    /// Opens the present life of a subdev node.
    ///
    /// # Errors
    /// `NoDevice` while its hardware is away; a disconnect.
    pub fn open(node: TaskIndex) -> Result<Self, Failure> {
        let node = subdev::Client::to(node);
        Ok(Self { node, handle: node.open()? })
    }

    /// The active formats.
    ///
    /// # Errors
    /// What the node refuses; a disconnect.
    pub fn state(&self) -> Result<BlockState, Failure> {
        self.node.state(self.handle, Which::Active)
    }

    /// Sets the active format of a pad; gives the state as the driver adjusted it.
    ///
    /// # Errors
    /// `Busy` while it streams; what the node refuses; a disconnect.
    pub fn set_format(&self, pad: u8, format: PadFormat) -> Result<BlockState, Failure> {
        let change = FormatChange::Format { pad, format };
        self.node.adjust(self.handle, Which::Active, change)
    }

    /// Sets the active crop; gives the state as the driver adjusted it.
    ///
    /// # Errors
    /// As [`Subdev::set_format`].
    pub fn set_crop(&self, crop: Rect) -> Result<BlockState, Failure> {
        self.node.adjust(self.handle, Which::Active, FormatChange::Crop(crop))
    }

    /// VIDIOC_G_CTRL.
    ///
    /// # Errors
    /// `NoSuchControl`; a disconnect.
    pub fn control(&self, id: ControlId) -> Result<i32, Failure> {
        self.node.get_control(self.handle, id)
    }

    /// VIDIOC_S_CTRL: gives the value after clamping.
    ///
    /// # Errors
    /// As [`Subdev::control`].
    pub fn set_control(&self, id: ControlId, value: i32) -> Result<i32, Failure> {
        self.node.set_control(self.handle, id, value)
    }

    /// Closes the handle.
    ///
    /// # Errors
    /// The death of the node itself, which has closed it.
    pub fn close(self) -> Result<(), Failure> {
        self.node.close(self.handle)
    }
}
