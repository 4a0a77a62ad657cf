//! Wrong bits on the serial line, in the packet of one line of a frame, and what the receiver knows of them.

use crate::pixels::csi2::DataType;
use crate::pixels::csi2_packet::{self, Header};
use crate::shared::Shared;
use drv_isp_regs::csi2a::{CTRL, CTX_CTRL1, ctrl, ctx_ctrl1, ctx_irqstatus, irqstatus};

/// Which lines of a frame have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineErrors {
    payload: Option<u32>,
    /// One wrong bit, and two.
    header: [Option<u32>; 2],
}

/// What a packet of a line comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packet {
    /// It is not taken for a line of the context.
    pub lost: bool,
    /// Events of the context.
    pub events: u32,
    /// Events of the receiver.
    pub of_receiver: u32,
}

impl LineErrors {
    /// Takes what was asked for in this frame.
    pub fn begin_frame(shared: &Shared) -> Self {
        let asked = &shared.mischief;
        let header = [asked.csi2_ecc_1bit.take(), asked.csi2_ecc_2bit.take()];
        Self { payload: asked.csi2_crc.take(), header }
    }

    /// The packet of a line: its payload as it was sent becomes that which is received.
    pub fn receive(
        &self,
        shared: &Shared,
        line: u32,
        sent: DataType,
        payload: &mut [u8],
    ) -> Packet {
        let at = Some(line);
        let mut packet = self.receive_header(shared, at, (sent, payload.len()));
        if self.payload == at && !payload.is_empty() {
            let right = csi2_packet::checksum(payload);
            // Any bit is as good as any other.
            payload[line as usize * 13 % payload.len()] ^= 1 << (line % 8);
            let checks = ctx_ctrl1::CS_EN.is_set(shared.get(&CTX_CTRL1));
            if checks && csi2_packet::checksum(payload) != right {
                packet.events |= ctx_irqstatus::CS.mask();
            }
        }
        packet
    }

    fn receive_header(
        &self,
        shared: &Shared,
        at: Option<u32>,
        (sent, bytes): (DataType, usize),
    ) -> Packet {
        let bits = [at.map_or(0, |line| line % 24), at.map_or(0, |line| (line + 11) % 24)];
        let wrong = match self.header.map(|line| line == at) {
            [_, true] => 1 << bits[0] | 1 << bits[1],
            [true, false] => 1 << bits[0],
            [false, false] => return Packet::default(),
        };
        let lost = Packet { lost: true, ..Packet::default() };
        if !ctrl::ECC_EN.is_set(shared.get(&CTRL)) {
            // It is believed: a packet of another kind or length.
            return lost;
        }
        match csi2_packet::check(csi2_packet::header(sent.code(), bytes as u16) ^ wrong) {
            Header::Whole(_) => Packet::default(),
            Header::Corrected(_) => Packet {
                events: ctx_irqstatus::ECC_CORRECTION.mask(),
                of_receiver: irqstatus::ECC_CORRECTION.mask(),
                ..Packet::default()
            },
            Header::Lost => Packet { of_receiver: irqstatus::ECC_NO_CORRECTION.mask(), ..lost },
        }
    }
}
