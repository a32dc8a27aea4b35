from .deep.adversarial.ddcgan import DDcGAN as DDcGAN
from .deep.adversarial.fusiongan import FusionGAN as FusionGAN
from .deep.adversarial.tardal import TarDAL as TarDAL
from .deep.autoencoders.auif import AUIF as AUIF
from .deep.autoencoders.deepfuse import DeepFuse as DeepFuse
from .deep.autoencoders.densefuse import DenseFuse as DenseFuse
from .deep.autoencoders.didfuse import DIDFuse as DIDFuse
from .deep.autoencoders.dual_branch import DualBranch as DualBranch
from .deep.autoencoders.encoder_decoder import (
    EncoderDecoderFuser as EncoderDecoderFuser,
)
from .deep.autoencoders.nestfuse import NestFuse as NestFuse
from .deep.autoencoders.rfn_nest import RFNNest as RFNNest
from .deep.backbones.dlf import DLF as DLF
from .deep.backbones.resnet_zca import ResNetZCA as ResNetZCA
from .deep.convolutional.ifcnn import IFCNN as IFCNN
from .deep.convolutional.liu_cnn import LiuCNN as LiuCNN
from .deep.convolutional.lrrnet import LRRNet as LRRNet
from .deep.convolutional.lutfuse import LUTFuse as LUTFuse
from .deep.convolutional.mmdrfuse import MMDRFuse as MMDRFuse
from .deep.convolutional.mufusion import MUFusion as MUFusion
from .deep.convolutional.pmgi import PMGI as PMGI
from .deep.convolutional.reconet import ReCoNet as ReCoNet
from .deep.convolutional.sage import SAGE as SAGE
from .deep.convolutional.sdnet import SDNet as SDNet
from .deep.convolutional.seafusion import SeAFusion as SeAFusion
from .deep.convolutional.sfdfusion import SFDFusion as SFDFusion
from .deep.convolutional.stdfusionnet import STDFusionNet as STDFusionNet
from .deep.convolutional.u2fusion import U2Fusion as U2Fusion
from .deep.external.module_fuser import ModuleFuser as ModuleFuser
from .deep.external.onnx_fuser import ONNXFuser as ONNXFuser
from .deep.pyramid.learned_pyramid import LearnedPyramid as LearnedPyramid
from .deep.sharpness.classifier import SharpnessClassifier as SharpnessClassifier
from .deep.sharpness.fuser import SharpnessFuser as SharpnessFuser
from .deep.transformers.datfuse import DATFuse as DATFuse
from .deep.transformers.ydtr import YDTR as YDTR
from .filters.adf import ADF as ADF
from .filters.average import AverageFuser as AverageFuser
from .filters.cbf import CBF as CBF
from .filters.fpde import FPDE as FPDE
from .filters.gfce import GFCE as GFCE
from .filters.gff import GFF as GFF
from .filters.hmsd_gf import HMSDGF as HMSDGF
from .filters.hybrid_msd import HybridMSD as HybridMSD
from .filters.ifevip import IFEVIP as IFEVIP
from .filters.mgff import MGFF as MGFF
from .filters.saif import SAIF as SAIF
from .filters.tif import TIF as TIF
from .filters.vsmwls import VSMWLS as VSMWLS
from .multiscale.dchwt import DCHWT as DCHWT
from .multiscale.dtcwt import DTCWTFuser as DTCWTFuser
from .multiscale.laplacian_pyramid import LaplacianPyramid as LaplacianPyramid
from .multiscale.msvd import MSVD as MSVD
from .multiscale.ratio_pyramid import RatioPyramid as RatioPyramid
from .multiscale.wavelet import WaveletFuser as WaveletFuser
from .sparse.convsr import ConvSR as ConvSR
from .sparse.latlrr import LatLRR as LatLRR
from .sparse.mdlatlrr import MDLatLRR as MDLatLRR
from .sparse.sparse_representation import (
    SparseRepresentationFuser as SparseRepresentationFuser,
)
from .variational.bayes import BayesFuser as BayesFuser
from .variational.gtf import GTF as GTF
from .variational.metric_ascent import MetricAscent as MetricAscent
