"""Deep networks: a module of ``skfusion.networks`` inside an estimator."""
