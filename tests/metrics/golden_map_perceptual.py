"""Which library call gives each published value: structural and perceptual families.

The form is that of ``golden_map.py``.
"""

from importlib.util import find_spec

CALLS = {
    ("SSIM", "wang_valid_mean"): ("ssim", {}),
    ("SSIM", "wang_valid_sum"): ("ssim", {"variant": "vifb"}),
    ("SSIM", "matlab_ssim_mean_uint8"): ("ssim", {"variant": "matlab"}),
    ("SSIM", "matlab_ssim_mean_0_1"): ("ssim", {"variant": "matlab"}),
    ("SSIM", "matlab_ssim_mean_255data_L1"): ("ssim", {"variant": "tang"}),
    ("SSIM", "zoo_x255_sum"): ("ssim", {"variant": "zoo"}),
    ("MS-SSIM", "wang_5scale_sum"): ("ms_ssim", {"variant": "zoo_uint8"}),
    ("MS-SSIM", "zoo_x255_5scale_sum"): ("ms_ssim", {"variant": "zoo"}),
    ("MS-SSIM", "mef_ms_ssim_3scale"): ("ms_ssim", {"variant": "mef"}),
    ("MEF-SSIM", "mef_ssim_single_scale"): ("mef_ssim", {}),
    ("QS", "piella_Q"): ("qs", {}),
    ("Qw", "piella_Qw"): ("qw", {}),
    ("Qe", "piella_Qe"): ("qe", {}),
    ("Qe", "piella_Qw_edge_squared"): ("qe", {"variant": "ssim_edges"}),
    ("Qw", "pyfusionsr_8x8_blocks"): ("qw", {"variant": "uiqi_blocks"}),
    ("Qe", "pyfusionsr_sobel_pow0.7"): ("qe", {"variant": "uiqi_blocks"}),
    ("Qy", "yang"): ("qy", {}),
    ("Qy", "yang_broken_isnan"): ("qy", {"variant": "isnan"}),
    ("Qy", "zoo_zero_pad_C1C2_1e-4_9e-4"): ("qy", {"variant": "zoo"}),
    ("QC", "cvejic2"): ("qc", {}),
    ("QC", "cvejic2_broken_isnan"): ("qc", {"variant": "isnan"}),
    ("VIF", "vifp_sum"): ("vif", {"reduction": "sum"}),
    ("VIF", "wavelet_mean_0_255"): ("vif", {"variant": "wavelet"}),
    ("VIF", "wavelet_mean_0_1"): ("vif", {"variant": "wavelet_unit"}),
    ("VIF", "zoo_vifp_zero_pad_sum"): ("vif", {"variant": "zoo"}),
    ("VIFF", "han2013"): ("viff", {}),
    ("Qcb", "chenblum"): ("qcb", {}),
    ("Qcb", "chenblum_im2double_uint8"): ("qcb", {"variant": "im2double"}),
    ("Qcb", "zoo_fftfreq"): ("qcb", {"variant": "zoo"}),
    ("Qcv", "chenvarshney"): ("qcv", {}),
    ("QP", "zhao_phasecong"): ("qp", {}),
}

_NOISE = (
    "flat 7 x 7 windows: the published code divides one rounding error by another "
    "there and returns NaN or a number without meaning"
)
_FLOAT = "float32 variances cancel beside constants of 1e-4 and 9e-4"
_UNDEFINED = "the published file refers to a variable that it never sets"

EXCEPTIONS = {
    ("QC", "cvejic2", "street", "TIF"): _NOISE,
    ("QC", "cvejic2", "street", "LP_SR"): _NOISE,
    ("QC", "cvejic2", "odd", "TIF"): _NOISE,
    ("QC", "cvejic2", "odd", "LP_SR"): _NOISE,
    ("Qy", "yang", "manCall", "mean"): _NOISE,
    ("Qy", "yang", "peopleshadow", "lap"): _NOISE,
    ("SSIM", "zoo_x255_sum", "manCall", "mean"): _FLOAT,
    ("SSIM", "zoo_x255_sum", "degen_constF128", "x"): _FLOAT,
    ("SSIM", "zoo_x255_sum", "degen_constA128", "x"): _FLOAT,
    ("SSIM", "zoo_x255_sum", "degen_FeqA", "x"): _FLOAT,
    ("VIF", "zoo_vifp_zero_pad_sum", "degen_constA128", "x"): _FLOAT,
}
# The other code of the two gives numbers there: test_piella.py compares them.
DEGENERATE = "constF128 constF0 constA128 identical allconst128 all0 FeqA".split()
for _pair in DEGENERATE:
    EXCEPTIONS["Qe", "piella_Qe", f"degen_{_pair}", "x"] = _UNDEFINED
for _fused in ("mean", "max", "lap"):
    for _pair in ("manCall", "peopleshadow"):
        EXCEPTIONS["QC", "cvejic2", _pair, _fused] = _NOISE
        EXCEPTIONS["QC", "cvejic2_broken_isnan", _pair, _fused] = _NOISE
        EXCEPTIONS["Qy", "yang_broken_isnan", _pair, _fused] = _NOISE
if find_spec("pyrtools") is None:
    for _variant in ("wavelet_mean_0_255", "wavelet_mean_0_1"):
        EXCEPTIONS["VIF", _variant] = "needs pyrtools, which is not installed"
