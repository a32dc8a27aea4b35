from .auif import AUIF as AUIF
from .average import AverageFuser as AverageFuser
from .bayes import BayesFuser as BayesFuser
from .cbf import CBF as CBF
from .convsr import ConvSR as ConvSR
from .dchwt import DCHWT as DCHWT
from .didfuse import DIDFuse as DIDFuse
from .gff import GFF as GFF
from .gtf import GTF as GTF
from .ifevip import IFEVIP as IFEVIP
from .laplacian_pyramid import LaplacianPyramid as LaplacianPyramid
from .latlrr import LatLRR as LatLRR
from .mdlatlrr import MDLatLRR as MDLatLRR
from .saif import SAIF as SAIF
from .sharpness import SharpnessFuser as SharpnessFuser
from .sharpness_classifier import SharpnessClassifier as SharpnessClassifier
from .sparse_representation import (
    SparseRepresentationFuser as SparseRepresentationFuser,
)
from .tif import TIF as TIF
