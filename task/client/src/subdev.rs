//! A subdevice node: active formats and controls.

use idl::subdev;
use idl::types::{
    BlockState, CcdcFeatures, CcdcParameters, CcdcTable, ControlDescription, ControlId,
    FormatChange, FrameInterval, Handle, MbusCode, Name, NodeError, PadFormat, PreviewFeatures,
    PreviewParameters, PreviewTable, Rect, SizeRange, TaskIndex, Which,
};
use idol_runtime::ipc;

use crate::Failure;

/// Items of a menu that are looked through; the longest menu here has ten.
const MENU_ITEMS_MAX: u32 = 64;

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

    /// VIDIOC_SUBDEV_ENUM_MBUS_CODE: a code that a pad can have.
    ///
    /// # Errors
    /// `InvalidFormat` after the last; `NoSuchLink` if there is no such pad; a disconnect.
    pub fn code(&self, which: Which, pad: u8, index: u16) -> Result<MbusCode, Failure> {
        self.node.enum_mbus_code(self.handle, which, pad, index)
    }

    /// VIDIOC_SUBDEV_ENUM_FRAME_SIZE: sizes of a code at a pad.
    ///
    /// # Errors
    /// As [`Subdev::code`]; `InvalidFormat` also for a code that the pad cannot have.
    pub fn sizes(
        &self,
        which: Which,
        pad: u8,
        code: MbusCode,
        index: u16,
    ) -> Result<SizeRange, Failure> {
        self.node.enum_frame_size(self.handle, which, pad, code, index)
    }

    /// VIDIOC_SUBDEV_ENUM_FRAME_INTERVAL, of a sensor: an interval of a format, the shortest first.
    ///
    /// # Errors
    /// As [`Subdev::sizes`], also for a size that the pad cannot have; `NoFrameInterval` of any other entity.
    pub fn interval(
        &self,
        which: Which,
        pad: u8,
        format: PadFormat,
        index: u16,
    ) -> Result<FrameInterval, Failure> {
        self.node.enum_frame_interval(self.handle, which, pad, format, index)
    }

    /// Asks what would become of a format at a pad, without effect on the device (V4L2_SUBDEV_FORMAT_TRY).
    ///
    /// # Errors
    /// `NoSuchLink` if there is no such pad; what the node refuses; a disconnect.
    pub fn try_format(&self, pad: u8, format: PadFormat) -> Result<BlockState, Failure> {
        self.node.adjust(self.handle, Which::Try, FormatChange::Format { pad, format })
    }

    /// VIDIOC_SUBDEV_G_FRAME_INTERVAL, of a sensor.
    ///
    /// # Errors
    /// `NoFrameInterval` of any other entity; a disconnect.
    pub fn frame_interval(&self) -> Result<FrameInterval, Failure> {
        self.node.get_frame_interval(self.handle)
    }

    /// VIDIOC_SUBDEV_S_FRAME_INTERVAL: gives the interval that the sensor took.
    ///
    /// # Errors
    /// As [`Subdev::frame_interval`].
    pub fn set_frame_interval(&self, interval: FrameInterval) -> Result<FrameInterval, Failure> {
        self.node.set_frame_interval(self.handle, interval)
    }

    /// VIDIOC_QUERYCTRL: the control at a position.
    ///
    /// # Errors
    /// `NoSuchControl` after the last; a disconnect.
    pub fn query_control(&self, index: u8) -> Result<ControlDescription, Failure> {
        self.node.query_control(self.handle, index)
    }

    /// VIDIOC_QUERYMENU: the name of an item of a menu control.
    ///
    /// # Errors
    /// `NoSuchControl`, also if it is no menu or has no such item; a disconnect.
    pub fn menu_item(&self, id: ControlId, index: u32) -> Result<Name, Failure> {
        self.node.query_menu(self.handle, id, index)
    }

    /// The value of a menu control that is called so, as `v4l2-ctl -c test_pattern=...` would find it.
    ///
    /// # Errors
    /// `NoSuchControl` if no item has that name; a disconnect.
    pub fn menu_index(&self, id: ControlId, name: &str) -> Result<i32, Failure> {
        for index in 0..MENU_ITEMS_MAX {
            if self.menu_item(id, index)? == Name::new(name) {
                return Ok(index as i32);
            }
        }
        Err(ipc::Error::Op(NodeError::NoSuchControl))
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

    /// OMAP3ISP_PRV_CFG: parameters of a function of the preview engine, for [`Subdev::configure`].
    ///
    /// # Errors
    /// `NoConfiguration` of any other entity; `InvalidConfiguration` if a number is out of its range;
    /// `Busy` while earlier ones wait for the end of a frame; a disconnect.
    pub fn give(&self, parameters: PreviewParameters) -> Result<(), Failure> {
        self.node.preview_parameters(self.handle, parameters)
    }

    /// OMAP3ISP_PRV_CFG: a table of the preview engine, for [`Subdev::configure`].
    ///
    /// # Errors
    /// As [`Subdev::give`].
    pub fn give_table(&self, table: PreviewTable, entries: &[u8]) -> Result<(), Failure> {
        self.node.preview_table(self.handle, table, entries)
    }

    /// OMAP3ISP_PRV_CFG: switches the functions `update` on, if they are in `flag`, or off, together
    /// between two frames.
    ///
    /// # Errors
    /// `NoConfiguration`; `UnsupportedFeature`; `InvalidConfiguration` for a function without its table; a
    /// disconnect.
    pub fn configure(&self, update: PreviewFeatures, flag: PreviewFeatures) -> Result<(), Failure> {
        self.node.preview_configure(self.handle, update, flag)
    }

    /// OMAP3ISP_CCDC_CFG: parameters of a function of the CCDC, for [`Subdev::correct`].
    ///
    /// # Errors
    /// `NoConfiguration` of any other entity; `InvalidConfiguration` if a number is out of its range; a
    /// disconnect.
    pub fn give_ccdc(&self, parameters: CcdcParameters) -> Result<(), Failure> {
        self.node.ccdc_parameters(self.handle, parameters)
    }

    /// OMAP3ISP_CCDC_CFG: a table of the CCDC, for [`Subdev::correct`].
    ///
    /// # Errors
    /// As [`Subdev::give_ccdc`].
    ///
    /// # Panics
    /// If it is longer than [`idl::types::CCDC_TABLE_BYTES_MAX`].
    pub fn give_ccdc_table(&self, table: CcdcTable, entries: &[u8]) -> Result<(), Failure> {
        self.node.ccdc_table(self.handle, table, entries)
    }

    /// OMAP3ISP_CCDC_CFG: switches the functions `update` of the CCDC on, if they are in `flag`, or off.
    ///
    /// # Errors
    /// `NoConfiguration`; `UnsupportedFeature`; `InvalidConfiguration` for a function without its table;
    /// `Busy` for what cannot change while the CCDC works; a disconnect.
    pub fn correct(&self, update: CcdcFeatures, flag: CcdcFeatures) -> Result<(), Failure> {
        self.node.ccdc_configure(self.handle, update, flag)
    }

    /// Closes the handle.
    ///
    /// # Errors
    /// The death of the node itself, which has closed it.
    pub fn close(self) -> Result<(), Failure> {
        self.node.close(self.handle)
    }
}
