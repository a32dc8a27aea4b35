"""Which library call gives each published value: rows of ``metrics.csv`` by name.

``CALLS[metric, variant] = (key of the registry, keywords)``. The rows of the perceptual
and structural families are in ``golden_map_perceptual.py``; ``call_of`` looks in both.
``EXCEPTIONS`` names the rows that are not compared, with the cause.
"""

from tests.metrics import golden_map_perceptual as perceptual

CALLS = {
    ("EN", "double"): ("en", {}),
    ("EN", "imhist256"): ("en", {}),
    ("EN", "matlab_entropy_0_1"): ("en", {}),
    ("EN", "matlab_entropy_uint8"): ("en", {}),
    ("EN", "vifb"): ("en", {}),
    ("EN", "uint8_plus1_saturates"): ("en", {"variant": "saturating"}),
    ("EN", "zoo_log2_eps1e-7"): ("en", {"variant": "zoo"}),
    ("CE", "mean"): ("ce", {}),
    ("CE", "vifb"): ("ce", {}),
    ("CE", "myOCE"): ("ce", {"variant": "myoce"}),
    ("CE", "zoo_bce_sigmoid"): ("ce", {"variant": "zoo_bce"}),
    ("MI", "bits_double"): ("mi", {}),
    ("MI", "nats_double"): ("mi", {"variant": "nats"}),
    ("MI", "vifb_nat_minmax"): ("mi", {"variant": "vifb"}),
    ("MI", "MI.m_bits_uint8"): ("mi", {"variant": "saturating"}),
    ("MI", "bits_uint8_plus1_saturates"): ("mi", {"variant": "saturating"}),
    ("MI", "bits_uint8_joint_saturates_marginals_not"): ("mi", {"variant": "lt"}),
    ("MI", "analysis_MI_equals_2EN"): ("mi", {"variant": "rfn_2en"}),
    ("NMI", "hossny_metricMI1"): ("nmi", {}),
    ("NMI", "zoo_2MI_over_HA_HB"): ("nmi", {"variant": "zoo"}),
    ("QTE", "tsallis_nava_sw3"): ("qte", {}),
    ("QTE", "tsallis_cvejic_sw2"): ("qte", {"variant": "cvejic"}),
    ("QTE", "zoo_HA+HB-HF"): ("qte", {"variant": "zoo"}),
    ("QNCIE", "wang"): ("qncie", {}),
    ("QNCIE", "zoo_pearson"): ("qncie", {"variant": "zoo"}),
    ("FMI", "none"): ("fmi", {}),
    ("FMI", "gradient"): ("fmi", {"variant": "gradient"}),
    ("FMI", "edge_default_FMI_pixel"): ("fmi", {"variant": "edge"}),
    ("FMI", "dct"): ("fmi", {"variant": "dct"}),
    ("FMI", "wavelet_dmey62"): ("fmi", {"variant": "wavelet"}),
    ("AG", "gradient_central"): ("ag", {}),
    ("AG", "gradient_central_div_mn"): ("ag", {"variant": "zoo"}),
    ("AG", "forward_mn"): ("ag", {"variant": "forward"}),
    ("DF", "definition"): ("df", {}),
    ("EI", "sobel_replicate"): ("ei", {}),
    ("EI", "zoo_sobel_zero_pad"): ("ei", {"variant": "zoo"}),
    ("SF", "mn"): ("sf", {}),
    ("SF", "mean_of_diffs"): ("sf", {"variant": "mean_of_differences"}),
    ("SD", "std_pop"): ("sd", {}),
    ("SD", "std_pop_variance.m"): ("sd", {}),
    ("SD", "std2_n_minus_1"): ("sd", {"variant": "sample"}),
    ("SD", "sqrt_sse_0_1_no_mn"): ("sd", {"variant": "rfn"}),
    ("Qabf", "Qabf.m_0_255"): ("qabf", {}),
    ("Qabf", "hong_zero_border"): ("qabf", {}),
    ("Qabf", "hong_zero_border_0_255"): ("qabf", {}),
    ("Qabf", "hong_zero_border_0_1"): ("qabf", {"data_range": 1}),
    ("Qabf", "petrovic_kumar_0_255"): ("qabf", {"variant": "petrovic_kumar"}),
    ("Qabf", "petrovic_kumar_0_1"): (
        "qabf",
        {"variant": "petrovic_kumar", "data_range": 1},
    ),
    ("Qabf", "xydeas_liu"): ("qabf", {"variant": "liu"}),
    ("Qabf", "xydeas_liu_sum_over_sum"): ("qabf", {"variant": "pyf"}),
    ("Labf", "kumar_0_255"): ("labf", {}),
    ("Labf", "kumar_0_1"): ("labf", {"data_range": 1}),
    ("Labf", "xydeas_L_strict"): ("labf", {"variant": "pyf"}),
    ("Nabf", "modified_0_255"): ("nabf", {}),
    ("Nabf", "modified_0_1"): ("nabf", {"data_range": 1}),
    ("Nabf", "petrovic_kumar_NABF1_0_255"): ("nabf", {"variant": "petrovic"}),
    ("Nabf", "petrovic_kumar_NABF1_0_1"): (
        "nabf",
        {"variant": "petrovic", "data_range": 1},
    ),
    ("Nabf", "petrovic_unmodified_xydeasN"): ("nabf", {"variant": "pyf"}),
    ("Nabf", "modified_0_255_wrong_arg_order"): ("nabf", {"variant": "lt_wrong_order"}),
    ("Nabf", "zoo_modified_0_255_no_wtmin"): ("nabf", {"variant": "zoo"}),
    ("QM", "wang_pww_haar2"): ("qm", {}),
    ("QSF", "zheng"): ("qsf", {}),
    ("CC", "mean"): ("cc", {}),
    ("CC", "mean_double"): ("cc", {}),
    ("CC", "uint8_saturating_sumdouble"): ("cc", {"variant": "uint8"}),
    ("SCD", "double_0_255"): ("scd", {}),
    ("SCD", "double_0_1"): ("scd", {}),
    ("SCD", "uint8_saturating"): ("scd", {"variant": "uint8"}),
    ("MSE", "mean_0_1"): ("mse", {"data_range": 1}),
    ("RMSE", "vifb_rootsse_over_mn"): ("rmse", {"variant": "vifb"}),
    ("PSNR", "vifb_rootsse_over_mn"): ("psnr", {"variant": "vifb"}),
    ("PSNR", "mse_0_1_peak255"): ("psnr", {"variant": "lt"}),
    ("PSNR", "mean_of_two"): ("psnr", {"variant": "mean_db"}),
}

_NEARLY_FLAT = (
    "windows whose gradients differ by rounding only: the published code divides one "
    "rounding error by another there (relative deviation up to 1.1e-5)"
)
_ROUNDING_DETAIL = (
    "constant sources have no detail; the published code divides rounding errors"
)
_CONSTANT = "a constant source: correlation of rounding errors, undefined (NaN here)"
EXCEPTIONS = {
    ("FMI", "gradient", "manCall", "mean"): _NEARLY_FLAT,
    ("FMI", "gradient", "manCall", "max"): _NEARLY_FLAT,
    ("FMI", "gradient", "manCall", "lap"): _NEARLY_FLAT,
    ("QM", "wang_pww_haar2", "degen_allconst128", "x"): _ROUNDING_DETAIL,
    ("SCD", "double_0_1", "degen_constA128", "x"): _CONSTANT,
    ("QNCIE", "zoo_pearson", "degen_identical", "x"): (
        "correlations of exactly 1: the published code takes the logarithm of an "
        "eigenvalue that rounding made negative; the limit is 1"
    ),
}

# Codes that compute in float32; the others in float64.
SINGLE_PRECISION = ("IVIF_ZOO", "fusionQualityLoss.py")


def call_of(row):
    """Return the call (key, keywords) of a row, or None where there is none."""
    name = row["metric"], row["variant"]
    return CALLS.get(name) or perceptual.CALLS.get(name)


def exception_of(row):
    """Return why a row is not compared, or None."""
    name = row["metric"], row["variant"]
    full = (*name, row["pair"], row["fused"])
    for table in (EXCEPTIONS, perceptual.EXCEPTIONS):
        for key in (full, name):
            if key in table:
                return table[key]
    return None


def tolerance_of(row):
    """Relative tolerance of a row."""
    single = any(name in row["implementation"] for name in SINGLE_PRECISION)
    return 1e-4 if single else 1e-9
