from django.urls import path

from procmine.site import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.Metrics.as_view(), name="metrics"),
    path("source/", views.source, name="source"),
    path("demo/<str:token>/", views.demo_sign_in, name="demo-sign-in"),
]
