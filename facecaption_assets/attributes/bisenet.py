"""BiSeNet with a ResNet-18 backbone: a face picture to 19 CelebAMask-HQ classes per pixel.

The network only, module by module as in its paper, with the parameter names of the published
checkpoint ``79999_iter.pth`` so that it loads strictly. The two auxiliary heads exist because the
checkpoint has them; inference skips them. What a mask says about a face belongs to
``face_parsing``, which imports this module where it is used, so that torch loads late.

Source: BiSeNet, https://arxiv.org/abs/1808.00897, sections 3.1-3.3; the spatial path is replaced
by the backbone's stride-8 features, as the checkpoint was trained.

Shapes: B batch, C channels, H and W the input's height and width (multiples of 32).
"""

from pathlib import Path
from typing import Final

import torch  # noqa: TID253 - a module of networks; imported inside functions only
from torch import Tensor, nn  # noqa: TID253
from torch.nn import functional as F  # noqa: TID253

NUM_CLASSES: Final = 19


class ConvBnRelu(nn.Module):
    """Convolution, batch norm, ReLU; keeps the size at stride 1."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) to (B, out, H, W)."""
        return F.relu(self.bn(self.conv(x)))


class BasicBlock(nn.Module):
    """Residual block of ResNet-18."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) to (B, out, H / stride, W / stride)."""
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.downsample(x))


class ResNet18(nn.Module):
    """Backbone without a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = _stage(64, 64, stride=1)
        self.layer2 = _stage(64, 128, stride=2)
        self.layer3 = _stage(128, 256, stride=2)
        self.layer4 = _stage(256, 512, stride=2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, H, W) to features of 128, 256 and 512 channels at strides 8, 16 and 32."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.max_pool2d(x, 3, stride=2, padding=1)
        feat8 = self.layer2(self.layer1(x))
        feat16 = self.layer3(feat8)
        return feat8, feat16, self.layer4(feat16)


def _stage(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        BasicBlock(in_channels, out_channels, stride), BasicBlock(out_channels, out_channels, 1)
    )


class AttentionRefinement(nn.Module):
    """Weighs channels by a gate computed from the global average."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = ConvBnRelu(in_channels, out_channels)
        self.conv_atten = nn.Conv2d(out_channels, out_channels, 1, bias=False)
        self.bn_atten = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) to (B, out, H, W)."""
        feat: Tensor = self.conv(x)
        gate = self.bn_atten(self.conv_atten(feat.mean((2, 3), keepdim=True)))
        return feat * torch.sigmoid(gate)


class ContextPath(nn.Module):
    """Backbone features, refined and summed from coarse to fine."""

    def __init__(self) -> None:
        super().__init__()
        self.resnet = ResNet18()
        self.arm16 = AttentionRefinement(256, 128)
        self.arm32 = AttentionRefinement(512, 128)
        self.conv_head32 = ConvBnRelu(128, 128)
        self.conv_head16 = ConvBnRelu(128, 128)
        self.conv_avg = ConvBnRelu(512, 128, kernel=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) to backbone and context features, both (B, 128, H / 8, W / 8)."""
        feat8, feat16, feat32 = self.resnet(x)
        tail = self.conv_avg(feat32.mean((2, 3), keepdim=True))
        coarse = self.arm32(feat32) + tail
        coarse = self.conv_head32(F.interpolate(coarse, feat16.shape[2:]))
        context = self.arm16(feat16) + coarse
        return feat8, self.conv_head16(F.interpolate(context, feat8.shape[2:]))


class FeatureFusion(nn.Module):
    """Joins backbone and context features, with a channel gate on the sum."""

    def __init__(self) -> None:
        super().__init__()
        self.convblk = ConvBnRelu(256, 256, kernel=1)
        self.conv1 = nn.Conv2d(256, 64, 1, bias=False)
        self.conv2 = nn.Conv2d(64, 256, 1, bias=False)

    def forward(self, backbone: Tensor, context: Tensor) -> Tensor:
        """Two (B, 128, H, W) to (B, 256, H, W)."""
        feat: Tensor = self.convblk(torch.cat([backbone, context], dim=1))
        gate = self.conv2(F.relu(self.conv1(feat.mean((2, 3), keepdim=True))))
        return feat * torch.sigmoid(gate) + feat


class SegmentationHead(nn.Module):
    """Class scores at the features' own resolution."""

    def __init__(self, in_channels: int, mid_channels: int) -> None:
        super().__init__()
        self.conv = ConvBnRelu(in_channels, mid_channels)
        self.conv_out = nn.Conv2d(mid_channels, NUM_CLASSES, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) to (B, 19, H, W)."""
        out: Tensor = self.conv_out(self.conv(x))
        return out


class BiSeNet(nn.Module):
    """Face parsing network; 13.3 million parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.cp = ContextPath()
        self.ffm = FeatureFusion()
        self.conv_out = SegmentationHead(256, 256)
        self.conv_out16 = SegmentationHead(128, 64)
        self.conv_out32 = SegmentationHead(128, 64)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores of every pixel.

        Args:
            x: RGB in [0, 1], normalised with ImageNet's mean and deviation, (B, 3, H, W).

        Returns:
            Logits of the 19 classes, (B, 19, H, W).
        """
        feat8, context = self.cp(x)
        logits = self.conv_out(self.ffm(feat8, context))  # (B, 19, H / 8, W / 8)
        return F.interpolate(logits, x.shape[2:], mode="bilinear", align_corners=True)


def load_bisenet(path: Path) -> BiSeNet:
    """The network with the weights of a checkpoint, in evaluation mode.

    Raises:
        RuntimeError: If the checkpoint's parameters are not exactly the network's.
    """
    network = BiSeNet()
    weights = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict(weights, strict=True)
    return network.eval()
