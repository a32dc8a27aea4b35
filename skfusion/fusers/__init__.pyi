from .deep.auif import AUIF as AUIF
from .deep.didfuse import DIDFuse as DIDFuse
from .deep.encoder_decoder import EncoderDecoderFuser as EncoderDecoderFuser
from .deep.sharpness.classifier import SharpnessClassifier as SharpnessClassifier
from .deep.sharpness.fuser import SharpnessFuser as SharpnessFuser
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
