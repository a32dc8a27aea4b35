from .adf import ADF as ADF
from .auif import AUIF as AUIF
from .average import AverageFuser as AverageFuser
from .bayes import BayesFuser as BayesFuser
from .cbf import CBF as CBF
from .convsr import ConvSR as ConvSR
from .dchwt import DCHWT as DCHWT
from .didfuse import DIDFuse as DIDFuse
from .dtcwt import DTCWTFuser as DTCWTFuser
from .encoder_decoder import EncoderDecoderFuser as EncoderDecoderFuser
from .fpde import FPDE as FPDE
from .gfce import GFCE as GFCE
from .gff import GFF as GFF
from .gtf import GTF as GTF
from .hmsd_gf import HMSDGF as HMSDGF
from .hybrid_msd import HybridMSD as HybridMSD
from .ifevip import IFEVIP as IFEVIP
from .laplacian_pyramid import LaplacianPyramid as LaplacianPyramid
from .latlrr import LatLRR as LatLRR
from .mdlatlrr import MDLatLRR as MDLatLRR
from .mgff import MGFF as MGFF
from .msvd import MSVD as MSVD
from .ratio_pyramid import RatioPyramid as RatioPyramid
from .saif import SAIF as SAIF
from .sharpness import SharpnessFuser as SharpnessFuser
from .sharpness_classifier import SharpnessClassifier as SharpnessClassifier
from .sparse_representation import (
    SparseRepresentationFuser as SparseRepresentationFuser,
)
from .tif import TIF as TIF
from .vsmwls import VSMWLS as VSMWLS
from .wavelet import WaveletFuser as WaveletFuser
